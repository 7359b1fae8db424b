/** What is known of one robot at one moment; counts since it was started. */
import type { ClientPeer } from '@efir/sfu';
import type { Publisher } from './publisher.js';

export interface RobotSnapshot {
  role: 'publisher' | 'subscriber';
  state: 'new' | 'connecting' | 'connected' | 'failed' | 'closed' | 'left';
  /** Why the last attempt came to nothing; null: it didn't. */
  failure: string | null;
  /** From its start until connected; null: not yet. */
  joinMs: number | null;
  /** From its start until the first packet; null: none yet. */
  firstMediaMs: number | null;
  /** The same until the first packet of sound, the first whole picture, and a picture in every tile of its page. */
  firstAudioMs: number | null;
  firstPictureMs: number | null;
  fullPageMs: number | null;
  /** From turning a page to each of its new faces, and to the last of them. */
  tileMs: readonly number[];
  pageMs: readonly number[];
  /** Faces that weren't there before the next page was asked for. */
  missedTiles: number;
  /** From the news of who speaks to their picture in the best size. */
  stageMs: readonly number[];
  missedStages: number;
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
  /** Streams' changes of source, and of size while the source stayed. */
  sourceChanges: number;
  layerChanges: number;
  /** The most streams that carried something within a second. */
  mostVoices: number;
  mostPictures: number;
  /** Offers and answers after the first. */
  sdpExchanges: number;
  /** Events and replies of signalling that came. */
  messages: number;
  messageBytes: number;
  /** Key frames that a publisher was asked for, the most within a second, and those that it sent for it. */
  keyFrameRequests: number;
  mostKeyFrameRequests: number;
  keyFrameAnswers: number;
  /** Layers that a publisher sends just now. */
  layersOn: number;
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
    firstAudioMs: null,
    firstPictureMs: null,
    fullPageMs: null,
    tileMs: [],
    pageMs: [],
    missedTiles: 0,
    stageMs: [],
    missedStages: 0,
    sourceChanges: 0,
    layerChanges: 0,
    mostVoices: 0,
    mostPictures: 0,
    sdpExchanges: 0,
    messages: 0,
    messageBytes: 0,
    keyFrameRequests: 0,
    mostKeyFrameRequests: 0,
    keyFrameAnswers: 0,
    layersOn: 0,
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

export function addPeer(sum: RobotSnapshot, peer: ClientPeer, now: number): void {
  sum.rttMs = peer.rttMs;
  sum.remoteLoss = peer.remoteLoss;
  for (const stream of peer.outgoing.values()) {
    sum.sentPackets += stream.packets;
    sum.sentBytes += stream.octets;
    sum.resent += stream.retransmitted;
  }
  for (const stream of peer.incoming) {
    const stats = stream.stats();
    const { video } = stream;
    sum.packets += stats.packets;
    sum.bytes += stats.bytes;
    sum.lost += stats.lost;
    sum.repaired += stats.repaired;
    sum.frames += stats.frames;
    sum.freezes += stats.freezes;
    sum.freezeMs += stats.freezeMs;
    sum.keyFrameWaits += stats.keyFrameWaits;
    sum.keyFrameWaitMs += stats.keyFrameWaitMs;
    sum.maxJitterMs = Math.max(sum.maxJitterMs, stats.jitterMs);
    sum.firstMediaMs = earlier(sum.firstMediaMs, stats.firstPacketMs);
    if (video) {
      sum.sourceChanges += video.sourceChanges;
      sum.layerChanges += video.layerChanges;
      if (video.waitedMs(now) > 0) sum.waitingForKeyFrame++;
      sum.firstPictureMs = earlier(sum.firstPictureMs, video.firstFrameMs < 0 ? null : video.firstFrameMs);
    } else sum.firstAudioMs = earlier(sum.firstAudioMs, stats.firstPacketMs);
  }
}

export function addPublisher(sum: RobotSnapshot, publisher: Publisher): void {
  sum.keyFrameRequests += publisher.requests;
  sum.mostKeyFrameRequests = Math.max(sum.mostKeyFrameRequests, publisher.mostRequests);
  sum.keyFrameAnswers += publisher.answers;
  sum.layersOn = publisher.layersOn;
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}
