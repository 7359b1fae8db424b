/** What is known of one robot at one moment; counts since it was started. */

export interface RobotSnapshot {
  role: 'publisher' | 'subscriber';
  state: 'new' | 'connecting' | 'connected' | 'failed' | 'closed' | 'left';
  /** Why the last attempt came to nothing; null: it didn't. */
  failure: string | null;
  /** From its start until connected; null: not yet. */
  joinMs: number | null;
  /** From its start until the first packet; null: none yet. */
  firstMediaMs: number | null;
  /** New PeerConnections after the first. */
  restarts: number;
  packets: number;
  bytes: number;
  lost: number;
  repaired: number;
  frames: number;
  freezes: number;
  freezeMs: number;
  keyFrameWaits: number;
  keyFrameWaitMs: number;
  /** Streams that wait for a key frame just now. */
  waitingForKeyFrame: number;
  maxJitterMs: number;
  sentPackets: number;
  sentBytes: number;
  resent: number;
  /** Share of what it sent that the server missed, last report; 0..1. */
  remoteLoss: number;
  rttMs: number;
}

export function emptySnapshot(): RobotSnapshot {
  return {
    role: 'subscriber',
    state: 'new',
    failure: null,
    joinMs: null,
    firstMediaMs: null,
    restarts: 0,
    packets: 0,
    bytes: 0,
    lost: 0,
    repaired: 0,
    frames: 0,
    freezes: 0,
    freezeMs: 0,
    keyFrameWaits: 0,
    keyFrameWaitMs: 0,
    waitingForKeyFrame: 0,
    maxJitterMs: 0,
    sentPackets: 0,
    sentBytes: 0,
    resent: 0,
    remoteLoss: 0,
    rttMs: 0,
  };
}
