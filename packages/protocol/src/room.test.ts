import { expect, test } from 'vitest';
import { DisplayName, RoomId, RoomSettings, TokenRequest } from './index.js';

test('a room id is 1 to 64 letters, digits, hyphens or underscores', () => {
  for (const id of ['a', 'daily-stand_up', '0', 'R'.repeat(64)]) expect(RoomId.safeParse(id).success).toBe(true);
  for (const id of ['', 'a b', '../etc', 'комната', 'R'.repeat(65), 'a/b', 'a\n']) {
    expect(RoomId.safeParse(id).success).toBe(false);
  }
});

test('empty settings are the defaults', () => {
  expect(RoomSettings.parse({})).toEqual({
    kind: 'call',
    topology: 'auto',
    videoCodecs: ['vp8', 'vp9', 'h264', 'av1'],
    maxParticipants: 1000,
  });
});

test('a setting that does not exist is refused, not passed over', () => {
  expect(RoomSettings.safeParse({ topologie: 'sfu' }).success).toBe(false);
});

test('settings out of bounds are refused', () => {
  for (const bad of [
    { maxParticipants: 0 },
    { maxParticipants: 1.5 },
    { videoCodecs: [] },
    { videoCodecs: ['h265'] },
  ]) {
    expect(RoomSettings.safeParse(bad).success).toBe(false);
  }
});

test('a name is trimmed and neither empty nor longer than 64 characters', () => {
  expect(DisplayName.parse('  Ann ')).toBe('Ann');
  expect(DisplayName.safeParse('   ').success).toBe(false);
  expect(DisplayName.safeParse('x'.repeat(65)).success).toBe(false);
});

test('a token allows both directions for an hour unless asked otherwise', () => {
  expect(TokenRequest.parse({})).toEqual({ publish: true, subscribe: true, ttlSeconds: 3600 });
  expect(TokenRequest.safeParse({ ttlSeconds: 0 }).success).toBe(false);
  expect(TokenRequest.safeParse({ ttlSeconds: 31 * 24 * 3600 }).success).toBe(false);
});
