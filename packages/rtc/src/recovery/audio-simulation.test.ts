import { expect, test } from 'vitest';
import { seededRandom } from '../netsim/random.js';
import { simulateAudio } from './audio-simulation.js';

test('a way without loss conceals nothing and gets no redundancy', () => {
  const result = simulateAudio({ rttMs: 200, link: { random: seededRandom(3) }, red: true, seconds: 20 });
  expect(result.concealed).toBeLessThan(0.003);
  expect(result.overhead).toBeLessThan(0.02);
  expect(result.delayMs).toBeLessThanOrEqual(30);
});

test('RED takes nine tenths of the concealment away at 5 and 10 % of loss, and most of it at 20 %', () => {
  for (const [loss, left] of [
    [0.05, 0.15],
    [0.1, 0.1],
    [0.2, 0.25],
  ]) {
    const [plain, red] = [false, true].map((red) =>
      simulateAudio({ rttMs: 200, link: { random: seededRandom(3), loss }, red }),
    );
    expect(plain.concealed).toBeGreaterThan(loss * 0.8);
    expect(red.concealed).toBeLessThan(plain.concealed * left);
  }
});
