import { expect, test } from 'vitest';
import type { LinkOptions } from '../netsim/link-model.js';
import { seededRandom } from '../netsim/random.js';
import { type RecoveryResult, simulateRecovery } from './simulation.js';

type Losses = Pick<LinkOptions, 'random' | 'loss' | 'burstLoss'>;

const single = (loss: number): Losses => ({ random: seededRandom(7), loss });
/** Three in a row on average. */
const inBursts = (loss: number): Losses => ({
  random: seededRandom(7),
  burstLoss: { toBad: loss / (1 - loss) / 3, toGood: 1 / 3, lossInBad: 1 },
});

function both(
  rttMs: number,
  losses: (loss: number) => Losses,
  loss: number,
): [nack: RecoveryResult, fec: RecoveryResult] {
  const [nack, fec] = [false, true].map((fec) => simulateRecovery({ rttMs, link: losses(loss), fec, seconds: 30 }));
  return [nack, fec];
}

test('a way without loss shows every frame in time and costs nothing more', () => {
  const [nack, fec] = both(200, single, 0);
  expect(fec).toEqual(nack);
  expect(fec).toMatchObject({ frames: 900, late: 0, freezes: 0, overhead: 0, keyFrames: 1 });
});

test('over 50 ms retransmission is enough: no redundancy, hardly a freeze', () => {
  for (const loss of [0.01, 0.05]) {
    const [nack, fec] = both(50, single, loss);
    expect(fec).toEqual(nack);
    expect(nack.frozenMs).toBeLessThan(500);
  }
});

test('over 50 ms at 20 % of loss, where retransmissions are lost as well, FEC has fewer frames late', () => {
  const [nack, fec] = both(50, single, 0.2);
  expect(fec.late).toBeLessThan(nack.late / 2);
  expect(fec.frozenMs).toBeLessThanOrEqual(nack.frozenMs);
});

test('over 200 ms FEC at least halves the time that pictures stand still, single losses or bursts', () => {
  for (const losses of [single, inBursts]) {
    for (const loss of [0.05, 0.1]) {
      const [nack, fec] = both(200, losses, loss);
      expect(fec.frozenMs).toBeLessThan(nack.frozenMs / 2);
      expect(fec.late).toBeLessThan(nack.late / 2);
      expect(fec.fps).toBeGreaterThan(nack.fps);
      // Redundancy is half of the media at most; the rest is retransmission.
      expect(fec.overhead).toBeLessThan(0.7);
    }
  }
});

test('at 1 % of loss a tenth of redundancy is enough, at 20 % it still helps', () => {
  const [, little] = both(200, single, 0.01);
  expect(little.overhead).toBeLessThan(0.15);
  expect(little.late).toBeLessThan(0.06);
  const [nack, much] = both(200, single, 0.2);
  expect(much.frozenMs).toBeLessThan(nack.frozenMs * 0.65);
});
