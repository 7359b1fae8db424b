import { expect, test } from 'vitest';
import { Talkers } from './talkers.js';

const speaking = (talkers: Talkers, publishers: number, now: number) =>
  Array.from({ length: publishers }, (_, i) => i).filter((i) => talkers.speaks(i, now));

test('so many speak at a time, and turns go round', () => {
  const talkers = new Talkers({ publishers: 5, talkers: 2, turnMs: 1000 }, 100);
  expect([50, 1099, 1100, 2100, 5100].map((now) => speaking(talkers, 5, now))).toEqual([
    [0, 1],
    [0, 1],
    [2, 3],
    [0, 4],
    [0, 1],
  ]);
});

test('all speak when nobody says how many, or as many as there are; none when it is none', () => {
  const speakers = [null, 3, 9, 0].map((talkers) => new Talkers({ publishers: 3, talkers, turnMs: 1000 }, 0));
  expect(speakers.map((talkers) => speaking(talkers, 3, 500).length)).toEqual([3, 3, 3, 0]);
});
