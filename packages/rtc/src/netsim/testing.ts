/** One call over one link, for tests. */

import type { LinkOptions } from './link-model.js';
import { MediaFlow, type MediaFlowOptions } from './media-flow.js';
import { seededRandom } from './random.js';
import { SimulatedLink } from './simulated-link.js';
import { VirtualTime } from './virtual-time.js';

export const CAPACITY_JITTER = { deviationMs: 5, maxMs: 30 };

type Call = Omit<LinkOptions, 'random'> & Omit<MediaFlowOptions, 'random' | 'time' | 'forward' | 'backward'>;

/** 50 ms each way unless told; the way back is wide. */
export function callOver(call: Call & { seed?: number }): { time: VirtualTime; flow: MediaFlow; link: SimulatedLink } {
  const { seed = 1, propagationMs = 50, ...rest } = call;
  const time = new VirtualTime();
  const link = new SimulatedLink(time, { propagationMs, ...rest, random: seededRandom(seed) });
  const backward = new SimulatedLink(time, { capacity: 100e6, propagationMs, random: seededRandom(seed + 1) });
  const flow = new MediaFlow({ ...rest, time, random: seededRandom(seed + 2), forward: link, backward });
  return { time, flow, link };
}
