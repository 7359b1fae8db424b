import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type NackArrival, NackGenerator } from './nack-generator.js';

const GRACE = 15;
const TRIES = 10;
const MAX_AGE = 2000;
const BEHIND = 1000;

/** The same rules, written with maps over numbers that never wrap. */
class Model {
  newest = -1;
  arrivals = 0;
  readonly received = new Set<number>();
  readonly missing = new Map<number, { since: number; arrivals: number; tries: number; asked: number }>();
  lost = 0;

  arrive(n: number, now: number): NackArrival {
    if (this.newest < 0 || n > this.newest) {
      const before = this.newest;
      this.newest = n;
      this.arrivals++;
      if (before >= 0) {
        for (let m = before + 1; m < n; m++) {
          this.missing.set(m, { since: now, arrivals: this.arrivals - 1, tries: 0, asked: 0 });
        }
      }
      this.received.add(n);
      for (const m of this.missing.keys()) if (m <= n - BEHIND) this.giveUp(m);
      for (const m of this.received) if (m <= n - BEHIND) this.received.delete(m);
      return 'new';
    }
    if (this.received.has(n)) return 'duplicate';
    this.received.add(n);
    const entry = this.missing.get(n);
    this.missing.delete(n);
    return entry && entry.tries > 0 ? 'recovered' : 'late';
  }

  due(now: number, rtt: number): number[] {
    const asked: number[] = [];
    for (const [m, entry] of [...this.missing].sort(([a], [b]) => a - b)) {
      const age = now - entry.since;
      const waited = now - entry.asked >= Math.max(20, rtt);
      if (age > MAX_AGE || (entry.tries === TRIES && waited)) {
        this.giveUp(m);
      } else if (entry.tries === 0 ? age >= GRACE || this.arrivals - entry.arrivals >= 2 : waited) {
        entry.tries++;
        entry.asked = now;
        asked.push(m & 0xffff);
      }
    }
    return asked;
  }

  private giveUp(m: number): void {
    this.missing.delete(m);
    this.lost++;
  }
}

test('rings of wrapping numbers do what maps over endless ones would', () => {
  const step = fc.record({
    // Ahead of the newest, or back to a number near it.
    ahead: fc.oneof(
      { weight: 12, arbitrary: fc.constant(1) },
      { weight: 4, arbitrary: fc.integer({ min: -30, max: 12 }) },
      { weight: 1, arbitrary: fc.integer({ min: -990, max: 990 }) },
    ),
    afterMs: fc.oneof({ weight: 8, arbitrary: fc.nat(6) }, { weight: 1, arbitrary: fc.nat(900) }),
    look: fc.nat(4),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 60_000, max: 70_000 }),
      fc.integer({ min: 2 ** 32 - 5000, max: 2 ** 32 }),
      fc.integer({ min: 0, max: 300 }),
      fc.array(step, { minLength: 1, maxLength: 400 }),
      (first, start, rtt, steps) => {
        const nack = new NackGenerator();
        const model = new Model();
        const out = new Uint16Array(1000);
        let now = start;
        nack.received(first & 0xffff, now);
        model.arrive(first, now);
        for (const { ahead, afterMs, look } of steps) {
          now += afterMs;
          const n = model.newest + ahead;
          // What was before the first packet the model doesn't know.
          if (n >= first) expect(nack.received(n & 0xffff, now)).toBe(model.arrive(n, now));
          if (look === 0) {
            const count = nack.due(now, rtt, out);
            expect([...out.subarray(0, count)]).toEqual(model.due(now, rtt));
          }
          expect(nack.missing).toBe(model.missing.size);
          expect(nack.lost).toBe(model.lost);
          expect(nack.keyFrameNeeded).toBe(model.lost > 0);
        }
      },
    ),
    { numRuns: 400, seed: 31 },
  );
});
