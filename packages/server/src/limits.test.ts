import { expect, test } from 'vitest';
import { RateLimits } from './config/schema.js';
import { addressKey, Limits } from './limits.js';

test('an address that has had its share is refused and told when to come again', async () => {
  const limited: string[] = [];
  const limits = new Limits(RateLimits.parse({ tokens: 2 }), (name) => limited.push(name));
  await limits.take('tokens', '192.0.2.1');
  await limits.take('tokens', '192.0.2.1');
  await expect(limits.take('tokens', '192.0.2.1')).rejects.toMatchObject({
    code: 'rate-limited',
    retryAfterSeconds: 60,
  });
  await limits.take('tokens', '192.0.2.2');
  await limits.take('rooms', '192.0.2.1');
  expect(limited).toEqual(['tokens']);
});

test('switched off, nothing is limited', async () => {
  const limits = new Limits(RateLimits.parse({ enabled: false, tokens: 1 }));
  for (let i = 0; i < 10; i++) await limits.take('tokens', '192.0.2.1');
});

test('addresses of one IPv6 network count as one, mapped IPv4 as itself', () => {
  expect(addressKey('2001:db8:0:1::5')).toBe(addressKey('2001:0db8:0:1:ffff:1:2:3'));
  expect(addressKey('2001:db8:0:1::5')).not.toBe(addressKey('2001:db8:0:2::5'));
  expect(addressKey('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(addressKey('::1')).toBe('0:0:0:0');
});
