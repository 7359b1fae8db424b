/**
 * The test cases of RFC 8867, sections 5.1-5.6, for congestion control of interactive media. Paths and times are the RFC's;
 * the media may use all there is, so that the estimate is what limits it.
 */

import type { Scenario } from './scenario.js';

const MBPS = 1_000_000;
const path = { propagationMs: 50, queueMs: 300 };

export const RFC8867: readonly Scenario[] = [
  {
    ...path,
    name: '5.1',
    title: 'Variable available capacity with a single flow',
    durationMs: 100_000,
    capacity: [
      { atMs: 0, bps: 1 * MBPS },
      { atMs: 40_000, bps: 2.5 * MBPS },
      { atMs: 60_000, bps: 0.6 * MBPS },
      { atMs: 80_000, bps: 1 * MBPS },
    ],
    flows: [{}],
    assessFromMs: 5000,
  },
  {
    ...path,
    name: '5.2',
    title: 'Variable available capacity with multiple flows',
    durationMs: 125_000,
    capacity: [
      { atMs: 0, bps: 4 * MBPS },
      { atMs: 25_000, bps: 2 * MBPS },
      { atMs: 50_000, bps: 3.5 * MBPS },
      { atMs: 75_000, bps: 1 * MBPS },
      { atMs: 100_000, bps: 2 * MBPS },
    ],
    flows: [{}, {}],
    assessFromMs: 5000,
  },
  {
    ...path,
    name: '5.3',
    title: 'Congested feedback link with bidirectional media flows',
    durationMs: 100_000,
    capacity: [
      { atMs: 0, bps: 2 * MBPS },
      { atMs: 20_000, bps: 1 * MBPS },
      { atMs: 40_000, bps: 0.5 * MBPS },
      { atMs: 60_000, bps: 2 * MBPS },
    ],
    backwardCapacity: [
      { atMs: 0, bps: 2 * MBPS },
      { atMs: 35_000, bps: 0.8 * MBPS },
      { atMs: 70_000, bps: 2 * MBPS },
    ],
    flows: [{}, { reverse: true }],
    assessFromMs: 5000,
  },
  {
    ...path,
    name: '5.4',
    title: 'Competing media flows with the same congestion control',
    durationMs: 120_000,
    capacity: 3.5 * MBPS,
    flows: [{}, { startMs: 20_000 }, { startMs: 40_000 }],
    assessFromMs: 60_000,
  },
  {
    ...path,
    name: '5.5',
    title: 'Round-trip time fairness',
    durationMs: 300_000,
    capacity: 4 * MBPS,
    propagationMs: 10,
    flows: [0, 15, 40, 90, 140].map((extraDelayMs, i) => ({ extraDelayMs, startMs: i * 10_000 })),
    assessFromMs: 60_000,
  },
  {
    ...path,
    name: '5.6',
    title: 'Media flow competing with a long TCP flow',
    durationMs: 120_000,
    capacity: 2 * MBPS,
    flows: [{ startMs: 5000 }, { tcp: true }],
    assessFromMs: 20_000,
  },
];

/** A link cut to a sixth and restored. */
export const LINK_CUT: Scenario = {
  ...path,
  name: 'cut',
  title: 'A link cut from 3 Mbps to 500 kbps and restored',
  durationMs: 90_000,
  capacity: [
    { atMs: 0, bps: 3 * MBPS },
    { atMs: 30_000, bps: 0.5 * MBPS },
    { atMs: 60_000, bps: 3 * MBPS },
  ],
  flows: [{}],
  assessFromMs: 5000,
};

/** Packets lost by chance on a link of 3 Mbps. */
export function randomLoss(loss: number, roundTripMs: number): Scenario {
  return {
    name: `loss-${Math.round(loss * 100)}-${roundTripMs}`,
    title: `${Math.round(loss * 100)} % random loss, ${roundTripMs} ms`,
    durationMs: 60_000,
    capacity: 3 * MBPS,
    propagationMs: roundTripMs / 2,
    loss,
    flows: [{}],
    assessFromMs: 10_000,
  };
}

/** As on a radio link: a twentieth of the packets begin a burst of four in which half are lost. */
export const BURST_LOSS: Scenario = {
  ...randomLoss(0, 100),
  name: 'burst',
  title: 'Bursts of loss, 100 ms',
  burstLoss: { toBad: 0.05, toGood: 0.25, lossInBad: 0.5 },
};

/** A policer: what is over the rate is dropped, next to nothing waits. */
export const POLICER: Scenario = {
  ...path,
  name: 'policer',
  title: 'A policer of 2 Mbps with a bucket of 10 kB',
  durationMs: 60_000,
  capacity: 2 * MBPS,
  queueBytes: 10_000,
  flows: [{}],
  assessFromMs: 10_000,
};
