import { expect, test } from 'vitest';
import { FrameWatch } from './frame-watch.js';

function shown(watch: FrameWatch, source: number, height: number, ...times: number[]) {
  for (const [i, now] of times.entries()) {
    watch.packet(source);
    if (i === 0) watch.keyFrame(now, height);
    watch.frame(now);
  }
}

test('a gap within one source is a freeze, between two sources it is none', () => {
  const watch = new FrameWatch();
  shown(watch, 1, 180, 0, 66, 133, 200, 800);
  expect([watch.freezes, watch.freezeMs]).toEqual([1, 600]);
  shown(watch, 2, 180, 3000, 3066);
  expect([watch.freezes, watch.sourceChanges, watch.sourceSinceMs]).toEqual([1, 1, 3000]);
});

test('a rate that falls for good is a freeze at first, and then the rate', () => {
  const watch = new FrameWatch();
  shown(watch, 1, 180, ...Array.from({ length: 30 }, (_, i) => i * 66));
  shown(watch, 1, 180, ...Array.from({ length: 60 }, (_, i) => 2000 + i * 266));
  expect(watch.freezes).toBeGreaterThan(0);
  expect(watch.freezes).toBeLessThan(12);
});

test('other sizes of one source are changes of layer', () => {
  const watch = new FrameWatch();
  shown(watch, 1, 180, 0, 66);
  shown(watch, 1, 720, 133, 200);
  expect([watch.layerChanges, watch.height, watch.heightSinceMs, watch.sourceSinceMs]).toEqual([1, 720, 133, 0]);
  shown(watch, 2, 180, 300);
  expect([watch.layerChanges, watch.sourceChanges, watch.heightSinceMs]).toEqual([1, 1, 300]);
});

test('a picture counts from its last packet on, not from its first', () => {
  const watch = new FrameWatch();
  watch.packet(1);
  watch.keyFrame(0, 180);
  expect([watch.firstFrameMs, watch.sourceSinceMs]).toEqual([-1, -1]);
  watch.frame(40);
  expect([watch.firstFrameMs, watch.source]).toEqual([40, 1]);
});
