import { expect, test } from 'vitest';
import { RtcError } from '../errors.js';
import { seededRandom } from './random.js';
import { VirtualTime } from './virtual-time.js';

test('events run in the order of their times, those of one moment as they were asked for', () => {
  const time = new VirtualTime();
  const random = seededRandom(1);
  const ran: [number, number][] = [];
  for (let i = 0; i < 500; i++) {
    const at = Math.floor(random() * 50);
    time.at(at, () => {
      expect(time.nowMs).toBe(at);
      ran.push([at, i]);
    });
  }
  time.runUntil(100);
  expect(ran).toHaveLength(500);
  expect(ran).toEqual([...ran].sort((a, b) => a[0] - b[0] || a[1] - b[1]));
  expect(time.nowMs).toBe(100);
});

test('what is due later waits', () => {
  const time = new VirtualTime(1000);
  let ran = 0;
  time.after(10, () => ran++);
  time.runUntil(1009);
  expect(ran).toBe(0);
  time.runUntil(1010);
  expect(ran).toBe(1);
});

test('an event of the past runs at once, after the one that asked', () => {
  const time = new VirtualTime();
  const ran: string[] = [];
  time.at(10, () => {
    time.at(5, () => ran.push(`late at ${time.nowMs}`));
    ran.push('first');
  });
  time.runUntil(10);
  expect(ran).toEqual(['first', 'late at 10']);
});

test('what repeats ends when it says so', () => {
  const time = new VirtualTime();
  const at: number[] = [];
  time.every(20, () => {
    at.push(time.nowMs);
    return at.length < 3;
  });
  time.runUntil(1000);
  expect(at).toEqual([20, 40, 60]);
});

test('a time that is none is refused', () => {
  expect(() => new VirtualTime().at(Number.NaN, () => {})).toThrow(RtcError);
  expect(() => new VirtualTime().every(0, () => {})).toThrow(RtcError);
});
