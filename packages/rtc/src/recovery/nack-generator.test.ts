import { expect, test } from 'vitest';
import { NackGenerator } from './nack-generator.js';

const out = new Uint16Array(1000);

function due(nack: NackGenerator, now: number, rttMs = 50): number[] {
  return [...out.subarray(0, nack.due(now, rttMs, out))];
}

/** Mulberry32: the same seed, the same network. */
function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('a stream without gaps asks for nothing', () => {
  const nack = new NackGenerator();
  for (let i = 0; i < 70_000; i++) expect(nack.received(i & 0xffff, i)).toBe('new');
  expect(due(nack, 1e6)).toEqual([]);
  expect(nack.keyFrameNeeded).toBe(false);
});

test('a gap is asked for after the grace, not before', () => {
  const nack = new NackGenerator({ graceMs: 15 });
  nack.received(10, 0);
  nack.received(12, 0);
  expect(due(nack, 10)).toEqual([]);
  expect(due(nack, 15)).toEqual([11]);
});

test('two newer packets end the grace', () => {
  const nack = new NackGenerator();
  nack.received(10, 0);
  nack.received(13, 0);
  expect(due(nack, 1)).toEqual([]);
  nack.received(14, 1);
  expect(due(nack, 1)).toEqual([11, 12]);
});

test('without a time of arrival the grace counts from the next look', () => {
  const nack = new NackGenerator({ graceMs: 15 });
  nack.received(10);
  nack.received(12);
  expect(due(nack, 1000)).toEqual([]);
  expect(due(nack, 1014)).toEqual([]);
  expect(due(nack, 1015)).toEqual([11]);
});

test('a packet that was only overtaken is never asked for and not lost', () => {
  const nack = new NackGenerator();
  nack.received(10, 0);
  nack.received(12, 0);
  expect(nack.received(11, 5)).toBe('late');
  expect(nack.missing).toBe(0);
  expect(due(nack, 100)).toEqual([]);
  expect(nack.lost).toBe(0);
});

test('a packet asked for is recovered once, and then a duplicate', () => {
  const nack = new NackGenerator();
  nack.received(10, 0);
  nack.received(12, 0);
  due(nack, 20);
  expect(nack.received(11, 60)).toBe('recovered');
  expect(nack.received(11, 61)).toBe('duplicate');
  expect(nack.received(12, 61)).toBe('duplicate');
  expect(nack.recovered).toBe(1);
});

test('requests for one packet are a round trip apart, and ten at most', () => {
  const nack = new NackGenerator();
  nack.received(10, 0);
  nack.received(12, 0);
  const times: number[] = [];
  for (let now = 0; now < 3000; now++) if (due(nack, now, 80).length > 0) times.push(now);
  expect(times).toEqual([15, 95, 175, 255, 335, 415, 495, 575, 655, 735]);
  expect(nack.missing).toBe(0);
  expect(nack.lost).toBe(1);
  expect(nack.keyFrameNeeded).toBe(true);
});

test('on a very short path requests keep some distance', () => {
  const nack = new NackGenerator({ maxTries: 3 });
  nack.received(10, 0);
  nack.received(12, 0);
  const times: number[] = [];
  for (let now = 0; now < 300; now++) if (due(nack, now, 0.2).length > 0) times.push(now);
  expect(times).toEqual([15, 35, 55]);
});

test('a round trip that is no number does no harm', () => {
  const nack = new NackGenerator();
  nack.received(10, 0);
  nack.received(12, 0);
  expect(due(nack, 15, Number.NaN)).toEqual([11]);
  expect(due(nack, 35, Number.NaN)).toEqual([11]);
});

test('a packet missing for too long is given up', () => {
  const nack = new NackGenerator({ maxAgeMs: 300 });
  nack.received(10, 0);
  nack.received(12, 0);
  for (let now = 0; now <= 310; now += 10) due(nack, now, 200);
  expect(nack.missing).toBe(0);
  expect(nack.keyFrameNeeded).toBe(true);
  expect(nack.received(11, 400)).toBe('late');
});

test('what does not fit in the list is due at the next call', () => {
  const nack = new NackGenerator();
  nack.received(0, 0);
  nack.received(11, 0);
  const small = new Uint16Array(4);
  expect(nack.due(20, 50, small)).toBe(4);
  expect([...small]).toEqual([1, 2, 3, 4]);
  expect(due(nack, 20)).toEqual([5, 6, 7, 8, 9, 10]);
  expect(due(nack, 20)).toEqual([]);
});

test('numbers around the wrap are asked for in order', () => {
  const nack = new NackGenerator();
  nack.received(65_533, 0);
  nack.received(2, 0);
  expect(due(nack, 20)).toEqual([65_534, 65_535, 0, 1]);
});

test('packets before the first one are late, not new', () => {
  const nack = new NackGenerator();
  nack.received(3, 0);
  expect(nack.received(1, 0)).toBe('late');
  expect(nack.received(65_535, 0)).toBe('late');
  expect(nack.received(4, 0)).toBe('new');
  expect(nack.missing).toBe(0);
});

test('a jump of up to a thousand is a gap, a larger one a new beginning that needs a key frame', () => {
  const gap = new NackGenerator();
  gap.received(0, 0);
  expect(gap.received(1000, 0)).toBe('new');
  expect(gap.missing).toBe(999);
  expect(gap.keyFrameNeeded).toBe(false);

  const jump = new NackGenerator();
  jump.received(0, 0);
  jump.received(2, 0);
  expect(jump.received(1003, 0)).toBe('new');
  expect(jump.missing).toBe(0);
  expect(jump.keyFrameNeeded).toBe(true);
  expect(jump.received(1002, 0)).toBe('late');
});

test('the list is bounded: what falls a thousand behind is given up', () => {
  const nack = new NackGenerator();
  let sequence = 0;
  for (let i = 0; i < 5000; i++) {
    nack.received(sequence & 0xffff, i / 100);
    sequence += 3;
    expect(nack.missing).toBeLessThanOrEqual(1000);
  }
  expect(nack.keyFrameNeeded).toBe(true);
  expect(due(nack, 51).every((s) => ((sequence - s) & 0xffff) <= 1003)).toBe(true);
});

test('the list stays right when nobody looks at it for two wraps', () => {
  const nack = new NackGenerator();
  let sequence = 0;
  for (let i = 0; i < 70_000; i++, sequence += 2) nack.received(sequence & 0xffff, i);
  const asked = due(nack, 70_020);
  expect(new Set(asked).size).toBe(asked.length);
  expect(asked.length).toBe(nack.missing);
});

test('a key frame clears what is missing before it, and the need for one', () => {
  const nack = new NackGenerator({ maxTries: 1 });
  nack.received(10, 0);
  nack.received(12, 0);
  for (let now = 0; now < 100; now += 10) due(nack, now);
  expect(nack.keyFrameNeeded).toBe(true);
  nack.received(14, 100);
  nack.received(16, 100);
  nack.keyFrame(14);
  expect(nack.keyFrameNeeded).toBe(false);
  expect(due(nack, 130)).toEqual([15]);
});

test('an older key frame does not heal a newer loss', () => {
  const nack = new NackGenerator({ maxTries: 1 });
  nack.received(10, 0);
  nack.received(11, 0);
  nack.received(13, 0);
  for (let now = 0; now < 100; now += 10) due(nack, now);
  nack.keyFrame(11);
  expect(nack.keyFrameNeeded).toBe(true);
  nack.received(14, 100);
  nack.keyFrame(14);
  expect(nack.keyFrameNeeded).toBe(false);
});

test('a loss long ago is healed by any key frame', () => {
  const nack = new NackGenerator({ maxTries: 1 });
  nack.received(0, 0);
  nack.received(2, 0);
  for (let now = 0; now < 100; now += 10) due(nack, now);
  for (let s = 3; s < 40_000; s++) nack.received(s, 100);
  nack.keyFrame(39_999);
  expect(nack.keyFrameNeeded).toBe(false);
});

test('one stray from far behind changes nothing, two in a row are a sender that began anew', () => {
  const nack = new NackGenerator();
  nack.received(20_000, 0);
  expect(nack.received(5, 0)).toBe('late');
  expect(nack.received(20_001, 0)).toBe('new');
  expect(nack.received(100, 0)).toBe('late');
  expect(nack.received(101, 0)).toBe('new');
  expect(nack.keyFrameNeeded).toBe(true);
  expect(nack.received(102, 0)).toBe('new');
  nack.keyFrame(101);
  expect(nack.keyFrameNeeded).toBe(false);
});

for (const seed of [1, 2, 3]) {
  test(`5 % loss both ways and reordering: every packet arrives in the end (seed ${seed})`, () => {
    const random = seeded(seed);
    const rtt = 60;
    const total = 150_000;
    const nack = new NackGenerator();
    const arrivals = new Map<number, number[]>();
    const at = (time: number, n: number) => {
      const list = arrivals.get(time);
      if (list) list.push(n);
      else arrivals.set(time, [n]);
    };
    const got = new Uint8Array(total);
    const state = { lost: 0, reordered: 0, requests: 0, needless: 0, sent: 0 };
    const first = 65_000;
    for (let now = 0; now < total + 3000; now++) {
      if (state.sent < total) {
        const n = state.sent++;
        if (random() < 0.05) {
          state.lost++;
        } else {
          // One packet in fifty is overtaken by those of the next few ms.
          const delay = random() < 0.02 ? 1 + Math.floor(random() * 4) : 0;
          if (delay > 0) state.reordered++;
          at(now + rtt / 2 + delay, n);
        }
      }
      for (const n of arrivals.get(now) ?? []) {
        nack.received((first + n) & 0xffff, now);
        got[n] = 1;
      }
      arrivals.delete(now);
      if (now % 10 === 0) {
        for (const sequence of due(nack, now, rtt)) {
          state.requests++;
          const newest = state.sent - 1;
          const n = newest - ((((first + newest) & 0xffff) - sequence) & 0xffff);
          if (got[n]) state.needless++;
          if (random() >= 0.05 && random() >= 0.05) at(now + rtt, n);
        }
      }
    }
    // The end of the stream has nothing after it that would show a gap.
    const missing = got.subarray(0, total - 10).reduce((sum, g) => sum + (1 - g), 0);
    expect(missing).toBe(0);
    expect(nack.lost).toBe(0);
    expect(nack.keyFrameNeeded).toBe(false);
    expect(state.needless).toBe(0);
    // 10 % of the requests or their answers are lost; the rest is reordering deeper than the grace.
    expect(state.requests).toBeLessThan((state.lost + state.reordered) * 1.2);
    expect(nack.recovered).toBeGreaterThan(state.lost * 0.99);
  });
}
