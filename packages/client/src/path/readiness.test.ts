import type { TrackSource } from '@efir/protocol';
import { expect, test } from 'vitest';
import { type ExpectedTrack, NEWCOMER_PATIENCE_MS, Readiness } from './readiness.js';

/** A path whose counters are set by hand; a track without a counter has no receiver. */
class FakePath {
  connected = true;
  readonly counts: Record<string, number> = {};
  receiver(participant: string, source: TrackSource): RTCRtpReceiver | undefined {
    const key = `${participant}/${source}`;
    if (this.counts[key] === undefined) return undefined;
    const report = () => ({ type: 'inbound-rtp', packetsReceived: this.counts[key], framesDecoded: this.counts[key] });
    return { getStats: async () => new Map([['in', report()]]) } as unknown as RTCRtpReceiver;
  }
}
const ann: ExpectedTrack[] = [
  { participant: 'ann', source: 'microphone' },
  { participant: 'ann', source: 'camera' },
];

function moving(expected: ExpectedTrack[] = ann) {
  const [next, old] = [new FakePath(), new FakePath()];
  const live = [...expected];
  const readiness = new Readiness(next, old, () => live, 0);
  /** Everything on the old path goes on. */
  const look = () => {
    for (const key of Object.keys(old.counts)) old.counts[key] = (old.counts[key] ?? 0) + 1;
    return readiness.look(0);
  };
  return { next, old, live, readiness, look };
}

test('ready is when sound and pictures of what flows on the old path have come on the new one', async () => {
  const { next, old, look } = moving();
  old.counts['ann/microphone'] = 100;
  old.counts['ann/camera'] = 50;
  expect(await look()).toBeNull();
  expect(await look()).toEqual(['ann/microphone', 'ann/camera']);
  next.counts['ann/microphone'] = 50;
  next.counts['ann/camera'] = 0;
  expect(await look()).toEqual(['ann/camera']);
  next.counts['ann/camera'] = 2;
  expect(await look()).toEqual([]);
});

test('what has stood still on the old path is not waited for', async () => {
  const { next, old, readiness } = moving();
  Object.assign(old.counts, { 'ann/microphone': 100, 'ann/camera': 50 });
  next.counts['ann/microphone'] = 50;
  await readiness.look(0);
  old.counts['ann/microphone'] = 105;
  expect(await readiness.look(100)).toEqual([]);
});

test('somebody who is new is waited for', async () => {
  const { next, look, live } = moving([]);
  await look();
  live.push({ participant: 'bob', source: 'camera' });
  expect(await look()).toEqual(['bob/camera']);
  next.counts['bob/camera'] = 3;
  expect(await look()).toEqual([]);
});

test('what is muted or gone meanwhile is not waited for', async () => {
  const { old, look, live } = moving();
  Object.assign(old.counts, { 'ann/microphone': 1, 'ann/camera': 1 });
  await look();
  expect(await look()).toHaveLength(2);
  live.length = 0;
  expect(await look()).toEqual([]);
});

test('a path that is not connected is not ready, even with nobody to receive', async () => {
  const { next, look } = moving([]);
  next.connected = false;
  await look();
  expect(await look()).toBeNull();
  next.connected = true;
  expect(await look()).toEqual([]);
});

test('a newcomer waits for the others’ media, but not for ever', async () => {
  const next = new FakePath();
  const readiness = new Readiness(next, null, () => ann, 0);
  expect(await readiness.look(0)).toEqual(['ann/microphone', 'ann/camera']);
  expect(await readiness.look(NEWCOMER_PATIENCE_MS)).toEqual([]);
});
