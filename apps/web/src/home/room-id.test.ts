import { expect, test } from 'vitest';
import { newRoomId, parseRoomId, roomLabel } from './room-id.js';

test('new ids are UUIDs of version 4, valid and differ', () => {
  const ids = Array.from({ length: 200 }, () => newRoomId());
  expect(new Set(ids).size).toBe(200);
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseRoomId(id)).toBe(id);
  }
});

test('a room is called by words that follow from its id, or by the id that somebody typed', () => {
  const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
  expect(roomLabel(id)).toMatch(/^[a-z]+-[a-z]+-950e$/);
  expect(roomLabel(id)).toBe(roomLabel(id.toUpperCase()));
  expect(new Set(Array.from({ length: 200 }, () => roomLabel(newRoomId()))).size).toBeGreaterThan(195);
  expect(roomLabel('team-call')).toBe('team-call');
});

test('a room is found by its id, its link, or its name in words', () => {
  expect(parseRoomId(' demo ')).toBe('demo');
  expect(parseRoomId('https://efir.example/room/team_1?name=Ann')).toBe('team_1');
  expect(parseRoomId('Team call')).toBe('Team-call');
});

test('what cannot be a room is refused', () => {
  for (const text of ['', '   ', 'комната', 'a/b', 'x'.repeat(65)]) expect(parseRoomId(text)).toBeNull();
});
