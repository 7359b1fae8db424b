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
  /** That of the worst, as `ClusterLink` has them; one on standby beside one that carries doesn't count. */
  state: string;
}

const GOOD = ['connected', 'standby'];
const badness = (state: string) => (GOOD.includes(state) ? GOOD.indexOf(state) : GOOD.length);

export function bundle(links: readonly ClusterLink[]): Bundle[] {
  const bundles = new Map<string, Bundle>();
  for (const { from, to, bitrateBps, streams, lossShare, rttMs, state } of links) {
    const key = `${from} ${to}`;
    const one = bundles.get(key) ?? {
      ...{ key, from, to, bitrateBps: 0, streams: 0, rooms: 0, lossShare: 0, rttMs: null, state: '' },
    };
    one.bitrateBps += bitrateBps;
    one.streams += streams;
    one.rooms += 1;
    one.lossShare = Math.max(one.lossShare, lossShare);
    if (rttMs !== null) one.rttMs = Math.max(one.rttMs ?? 0, rttMs);
    one.state = worse(one.state, state);
    bundles.set(key, one);
  }
  return [...bundles.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function worse(a: string, b: string): string {
  if (a === '' || badness(b) === GOOD.length) return b;
  return badness(a) === GOOD.length || a === 'connected' ? a : b;
}

/** Stroke of a link, px: twice the rate is one step more. */
export function linkWidth(bitrateBps: number): number {
  return Math.min(9, 1.5 + 1.1 * Math.log2(1 + bitrateBps / 500_000));
}

/** How a link is drawn: by its loss, or by why it carries nothing. */
export function linkLook({ state, lossShare }: Bundle): 'none' | 'some' | 'much' | 'standby' | 'down' {
  if (state === 'connected') return lossLevel(lossShare);
  return state === 'standby' ? 'standby' : 'down';
}

/** `some`: FEC and resending still hide it. */
export function lossLevel(lossShare: number): 'none' | 'some' | 'much' {
  return lossShare < 0.01 ? 'none' : lossShare < 0.05 ? 'some' : 'much';
}
