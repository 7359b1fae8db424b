import { expect, test } from 'vitest';
import {
  MAX_BRIDGE_MESSAGE_BYTES,
  MAX_PEOPLE_AT_ONCE,
  readBridgeMessage,
  writeFileMessage,
  writePeople,
  writeTaken,
} from './messages.js';

const long = 'x'.repeat(64);

test('what is written is read', () => {
  for (const type of ['here', 'gone'] as const) {
    const addresses = Array.from({ length: MAX_PEOPLE_AT_ONCE }, (_, i) => `p${i}`);
    expect(readBridgeMessage(writePeople(type, addresses))).toEqual({ type, addresses });
  }
  expect(readBridgeMessage(writeTaken(long, 0xffff_ffff))).toEqual({ type: 'taken', from: long, cost: 0xffff_ffff });
});

test.each([null, long])('a message on `file` keeps what follows its head (to %s)', (to) => {
  const original = Uint8Array.of(9, 9, 1, 2, 3);
  for (const text of [true, false]) {
    const read = readBridgeMessage(writeFileMessage(long, { label: 'file', to, text, bytes: original, at: 2 }));
    if (read?.type !== 'file') throw new Error('it is no message on `file`');
    const { from, message } = read;
    expect({ ...message, bytes: [...message.bytes.subarray(message.at)], from }).toEqual({
      ...{ label: 'file', to, text, from: long, bytes: [1, 2, 3], at: message.at },
    });
  }
});

test('the longest message of a client fits', () => {
  const bytes = new Uint8Array(262_144);
  const written = writeFileMessage(long, { label: 'file', to: long, text: false, bytes, at: 1 });
  expect(written.length).toBeLessThanOrEqual(MAX_BRIDGE_MESSAGE_BYTES);
});

test('whatever is cut off or not an address is nothing', () => {
  const whole = writeTaken('ann', 5);
  for (let end = 0; end < whole.length; end++) expect(readBridgeMessage(whole.subarray(0, end))).toBeNull();
  expect(readBridgeMessage(writePeople('here', Array(MAX_PEOPLE_AT_ONCE + 1).fill('p')))).toBeNull();
  for (const bytes of [[0], [6, 1, 65], [1, 0], [1, 1, 32], [2, 65, 65], [4, 0, 1, 65], [4, 1, 65], [5, 1, 65, 2, 65]])
    expect(readBridgeMessage(Uint8Array.from(bytes)), `${bytes}`).toBeNull();
});
