/** What placement looks at: nodes as they are known, and somebody who wants in. */
import type { NodeLimits, NodeLoad } from '../schema.js';

/** A `NodeRecord` is one. */
export interface PlacementNode {
  id: string;
  region: string | null;
  draining: boolean;
  isolated: string | null;
  limits: NodeLimits;
  /** Null: it has not reported yet, so nobody is placed there. */
  load: NodeLoad | null;
  workers: { length: number };
}

export interface Demand {
  kind: 'call' | 'broadcast';
  role: 'viewer' | 'participant';
  /** Of the client, as far as it is known. */
  region: string | null;
  /** That will be sent to them. */
  bitrateBps: number;
  /** Streams that will be sent to them. */
  streams: number;
  /** Streams that are published in the room. */
  roomStreams: number;
  /** Nodes that carry the room already. */
  carriers: ReadonlySet<string>;
  /** Nodes that said no to this one, or can't get the room. */
  except?: ReadonlySet<string>;
}

/** A node's load with those on it who are on their way there. Shares are of its limits, 0..1 and above. */
export interface Foreseen {
  cpu: number;
  sendBps: number;
  streams: number;
  viewers: number;
  participants: number;
  sendShare: number;
  streamShare: number;
  viewerShare: number;
}

/** Where a node has no limit of its own, shares are of these. */
const REFERENCE_BPS = 1e9;
const REFERENCE_STREAMS = 10_000;

export function emptyForeseen(): Foreseen {
  return {
    ...{ cpu: 0, sendBps: 0, streams: 0, viewers: 0, participants: 0 },
    ...{ sendShare: 0, streamShare: 0, viewerShare: 0 },
  };
}

export function setShares(foreseen: Foreseen, limits: NodeLimits): void {
  foreseen.sendShare = foreseen.sendBps / (limits.bandwidthBps ?? REFERENCE_BPS);
  foreseen.streamShare = foreseen.streams / (limits.streams ?? REFERENCE_STREAMS);
  foreseen.viewerShare = limits.viewers > 0 ? foreseen.viewers / limits.viewers : 1;
}

/** A node as it is, with nobody on the way: what it asks itself when somebody comes. */
export function presentLoad({ load, limits }: PlacementNode): Foreseen {
  const foreseen = emptyForeseen();
  if (load) {
    const { cpu, sendBps, streams, viewers, participants } = load;
    Object.assign(foreseen, { cpu, sendBps, streams, viewers, participants });
  }
  setShares(foreseen, limits);
  return foreseen;
}
