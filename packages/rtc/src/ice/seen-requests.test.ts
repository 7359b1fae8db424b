import { expect, test } from 'vitest';
import { SeenRequests } from './seen-requests.js';
import { seeded } from './testing.js';

test('the last 128 requests are known, by path', () => {
  const random = seeded(5);
  const seen = new SeenRequests();
  const ids = Array.from({ length: 200 }, () => Uint8Array.from({ length: 12 }, () => random() * 256));
  for (const id of ids) expect(seen.see(id, 'a')).toBe('new');
  for (const id of ids.slice(-128)) {
    expect(seen.see(id, 'a')).toBe('again');
    expect(seen.see(id, 'b')).toBe('elsewhere');
  }
  expect(seen.see(ids[0], 'b')).toBe('new');
});
