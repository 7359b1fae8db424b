import { FrameWatch } from '@efir/sfu';
import { expect, test } from 'vitest';
import type { Assignment } from './connection.js';
import { Viewing } from './viewing.js';

const tile = (mid: string, track: string, csrc: number): Assignment => ({
  ...{ mid, track, csrc, participant: track.split('/')[0], speaker: false },
});

/** Sections by mid, and frames in them. */
function sections() {
  const watches = new Map<string, FrameWatch>();
  const frame = (mid: string, source: number, now: number, height = 180) => {
    const watch = watches.get(mid) ?? new FrameWatch();
    watches.set(mid, watch);
    watch.packet(source);
    watch.keyFrame(now, height);
    watch.frame(now);
  };
  return { frame, watches: (mid: string) => watches.get(mid) ?? null };
}

test('the first page is full when its last tile has a frame of its own source', () => {
  const { frame, watches } = sections();
  const viewing = new Viewing();
  viewing.assigned([tile('1', 'ann/1', 11), tile('2', 'bob/1', 22)]);
  frame('1', 11, 100);
  frame('2', 99, 150);
  viewing.look(['ann/1', 'bob/1'], watches);
  expect(viewing.fullPageMs).toBeNull();
  frame('2', 22, 200);
  frame('1', 11, 300);
  viewing.look(['ann/1', 'bob/1'], watches);
  expect(viewing.fullPageMs).toBe(200);
});

test('a new page is timed from the turn to each new face, and those that never came are missed', () => {
  const { frame, watches } = sections();
  const viewing = new Viewing();
  viewing.turned(['cat/1', 'dan/1'], 1000);
  viewing.assigned([tile('1', 'cat/1', 33), tile('2', 'dan/1', 44)]);
  frame('1', 33, 1080);
  viewing.look(['cat/1', 'dan/1'], watches);
  frame('2', 44, 1200);
  viewing.look(['cat/1', 'dan/1'], watches);
  expect([viewing.tileMs, viewing.pageMs]).toEqual([[80, 200], [200]]);
  viewing.turned(['eva/1'], 2000);
  viewing.look(['eva/1'], watches);
  viewing.turned(['ann/1'], 3000);
  expect([viewing.missed, viewing.pageMs.length]).toEqual([1, 1]);
});

test('who begins to speak is on stage with the first frame in the best size', () => {
  const { frame, watches } = sections();
  const viewing = new Viewing();
  viewing.speaks('ann', 1000);
  viewing.assigned([{ ...tile('0', 'ann/1', 11), speaker: true }]);
  frame('0', 11, 1050, 180);
  viewing.look([], watches);
  frame('0', 11, 1400, 720);
  viewing.look([], watches);
  expect(viewing.stageMs).toEqual([400]);
  viewing.speaks('bob', 5000);
  viewing.speaks('ann', 6000);
  expect(viewing.stageMissed).toBe(1);
});
