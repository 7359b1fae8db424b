import { expect, test } from 'vitest';
import { isAddress, readAddress, withSender } from './address.js';

test('the head says whom a message is for', () => {
  expect(readAddress(Buffer.from('\0all'))).toEqual({ to: null, at: 1 });
  expect(readAddress(Buffer.from('\x03bobhello'))).toEqual({ to: 'bob', at: 4 });
  expect(readAddress(Buffer.from('\x03bob'))).toEqual({ to: 'bob', at: 4 });
  expect(readAddress(Buffer.from(`\x40${'x'.repeat(64)}`))).toEqual({ to: 'x'.repeat(64), at: 65 });
});

test('a head that is cut, too long or no text is none', () => {
  for (const bad of ['', '\x04bob', `\x41${'x'.repeat(80)}`, '\x03b b', '\x02\x00\x01', '\x02bö']) {
    expect(readAddress(Buffer.from(bad))).toBeNull();
  }
});

test('the receiver sees the sender in its place', () => {
  const out = withSender('ann', Buffer.from('\x03bobhello'), 4);
  expect(Buffer.from(out).toString()).toBe('\x03annhello');
  expect(Buffer.from(withSender('a', Buffer.from('\0'), 1)).toString()).toBe('\x01a');
});

test('addresses are visible ASCII', () => {
  for (const good of ['a', 'x'.repeat(64), 'r0om_-~!']) expect(isAddress(good)).toBe(true);
  for (const bad of ['', 'x'.repeat(65), 'a b', 'ä', 'a\n']) expect(isAddress(bad)).toBe(false);
});
