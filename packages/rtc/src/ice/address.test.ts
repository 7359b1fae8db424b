import { expect, test } from 'vitest';
import { formatIpAddress, parseIpAddress } from './address.js';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::', '::'],
  ['::1', '::1'],
  ['fd00::2', 'fd00::2'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ['1::', '1::'],
])('%s is read and written as %s', (text, canonical) => {
  expect(formatIpAddress(parseIpAddress(text)!)).toBe(canonical);
});

test.each([
  '',
  'localhost',
  '1.2.3',
  '1.2.3.256',
  '1.2.3.4.5',
  '1.2.3.',
  ' 1.2.3.4',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8',
  'fe80::1%eth0',
  '12345::',
  '1.2.3.4::',
  'x'.repeat(100),
])('%j is no address', (text) => {
  expect(parseIpAddress(text)).toBeNull();
});
