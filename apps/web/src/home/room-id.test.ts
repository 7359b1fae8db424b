import { expect, test } from 'vitest';
import { newRoomId, parseRoomId } from './room-id.js';

test('new ids are readable, valid and differ', () => {
  const ids = Array.from({ length: 200 }, () => newRoomId());
  expect(new Set(ids).size).toBe(200);
  for (const id of ids) {
    expect(id).toMatch(/^[a-z]+-[a-z]+-[a-z2-9]{8}$/);
    expect(parseRoomId(id)).toBe(id);
  }
});

test('a room is found by its id, its link, or its name in words', () => {
  expect(parseRoomId(' demo ')).toBe('demo');
  expect(parseRoomId('https://efir.example/room/team_1?name=Ann')).toBe('team_1');
  expect(parseRoomId('Team call')).toBe('Team-call');
});

test('what cannot be a room is refused', () => {
  for (const text of ['', '   ', 'комната', 'a/b', 'x'.repeat(65)]) expect(parseRoomId(text)).toBeNull();
});
