import { expect, test } from 'vitest';
import { padRuns, SourceBatch } from './source-batch.js';

function chain(packets: { timestamp: number; length: number }[]): SourceBatch {
  const batch = new SourceBatch(16);
  for (const [n, packet] of packets.entries()) {
    const i = batch.add();
    batch.timestamp[i] = packet.timestamp;
    batch.payloadLength[i] = packet.length;
    if (n > 0) batch.next[i - 1] = i;
  }
  padRuns(batch, 0);
  return batch;
}

const padding = (batch: SourceBatch) => [...batch.padding.subarray(0, batch.count)];

test('packets of a frame that differ by a byte or two are padded to one length, the last stays as it is', () => {
  const batch = chain([1198, 1199, 1198, 400].map((length) => ({ timestamp: 1, length })));
  expect(padding(batch)).toEqual([1, 0, 1, 0]);
});

test('a frame of two packets, the second shorter, needs no padding', () => {
  const batch = chain([1200, 300].map((length) => ({ timestamp: 1, length })));
  expect(padding(batch)).toEqual([0, 0]);
});

test('packets of different frames are not padded to each other', () => {
  const batch = chain([
    { timestamp: 1, length: 100 },
    { timestamp: 2, length: 104 },
  ]);
  expect(padding(batch)).toEqual([0, 0]);
});

test('a packet that grows by much begins a new run', () => {
  const batch = chain([300, 1200, 1199].map((length) => ({ timestamp: 1, length })));
  expect(padding(batch)).toEqual([0, 0, 0]);
});

test('a full batch takes no more', () => {
  const batch = new SourceBatch(1);
  expect(batch.add()).toBe(0);
  expect(batch.add()).toBe(-1);
});
