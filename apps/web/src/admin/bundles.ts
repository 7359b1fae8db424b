import type { ClusterLink } from '@efir/protocol';

/** All links from one node to another: what the map draws as one. */
export interface Bundle {
  key: string;
  from: string;
  to: string;
  bitrateBps: number;
  streams: number;
  rooms: number;
  /** Of the worst. */
  lossShare: number;
  rttMs: number | null;
  /** Each of them is connected. */
  connected: boolean;
}

export function bundle(links: readonly ClusterLink[]): Bundle[] {
  const bundles = new Map<string, Bundle>();
  for (const { from, to, bitrateBps, streams, lossShare, rttMs, state } of links) {
    const key = `${from} ${to}`;
    const one = bundles.get(key) ?? {
      ...{ key, from, to, bitrateBps: 0, streams: 0, rooms: 0, lossShare: 0, rttMs: null, connected: true },
    };
    one.bitrateBps += bitrateBps;
    one.streams += streams;
    one.rooms += 1;
    one.lossShare = Math.max(one.lossShare, lossShare);
    if (rttMs !== null) one.rttMs = Math.max(one.rttMs ?? 0, rttMs);
    one.connected &&= state === 'connected';
    bundles.set(key, one);
  }
  return [...bundles.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Stroke of a link, px: twice the rate is one step more. */
export function linkWidth(bitrateBps: number): number {
  return Math.min(9, 1.5 + 1.1 * Math.log2(1 + bitrateBps / 500_000));
}

/** `some`: FEC and resending still hide it. */
export function lossLevel(lossShare: number): 'none' | 'some' | 'much' {
  return lossShare < 0.01 ? 'none' : lossShare < 0.05 ? 'some' : 'much';
}
