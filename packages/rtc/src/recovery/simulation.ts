/**
 * A video stream over a lossy way in virtual time, repaired by asking, or by asking and FEC: what its receiver sees. Real
 * packets, real parity, real requests; only the codec is a count of frames, each of which needs the one before it.
 */

import { LinkModel, type LinkOptions } from '../netsim/link-model.js';
import { VirtualTime } from '../netsim/virtual-time.js';
import { FecDecoder } from './fec-decoder.js';
import { FecEncoder } from './fec-encoder.js';
import { FecHeader } from './fec-header.js';
import { FecRate } from './fec-rate.js';
import { MEDIA_SSRC, protect, repairPayloads, rtpPacket } from './fec-testing.js';
import { LossPattern } from './loss-pattern.js';
import { NackGenerator } from './nack-generator.js';
import { readUlpfec } from './ulpfec.js';

export interface RecoveryScenario {
  rttMs: number;
  /** Of the way to the receiver; requests are not lost. */
  link: Pick<LinkOptions, 'random' | 'loss' | 'burstLoss'>;
  fec: boolean;
  seconds?: number;
  /** Default 30 frames a second of 4 packets. */
  framesPerSecond?: number;
  packetsPerFrame?: number;
  /** How long after the shortest way a frame is shown, ms; default 60. */
  playoutMs?: number;
}

export interface RecoveryResult {
  frames: number;
  /** Share of frames that couldn't be shown when it was time. */
  late: number;
  /** Frames shown per second. */
  fps: number;
  /** Pictures that stood still longer than `freezeCount` of W3C's webrtc-stats allows, and for how long in all. */
  freezes: number;
  frozenMs: number;
  /** Packets beyond the media's own per packet of it: FEC, retransmissions. */
  overhead: number;
  keyFrames: number;
}

const PACKET_BYTES = 1000;
const KEY_FRAME_FACTOR = 5;

interface Sent {
  bytes: Uint8Array;
  repair: boolean;
}

interface Frame {
  number: number;
  key: boolean;
  packets: number;
  missing: number;
  capturedMs: number;
  completeMs: number;
}

export function simulateRecovery(scenario: RecoveryScenario): RecoveryResult {
  const { rttMs, seconds = 60, framesPerSecond = 30, packetsPerFrame = 4, playoutMs = 60 } = scenario;
  const time = new VirtualTime();
  const oneWayMs = rttMs / 2;
  const intervalMs = 1000 / framesPerSecond;
  const link = new LinkModel({ ...scenario.link, capacity: 100_000_000, propagationMs: oneWayMs });

  const encoder = new FecEncoder();
  const rate = new FecRate();
  const pattern = new LossPattern();
  const sent = new Map<number, Sent>();
  const frames: Frame[] = [];
  const frameOf = new Map<number, Frame>();
  let sequence = 0;
  let mediaPackets = 0;
  let allPackets = 0;
  let keyFrameWanted = true;

  const decoder = new FecDecoder({ ssrc: MEDIA_SSRC });
  const nack = new NackGenerator();
  const header = new FecHeader();
  const restored = new Uint8Array(1512);
  const asked = new Uint16Array(1000);
  const have = new Set<number>();
  let keyFrameAskedMs = oneWayMs;
  let started = false;

  const arrive = (at: number, { bytes, repair }: Sent): void => {
    if (have.has(at)) return;
    have.add(at);
    nack.received(at, time.nowMs);
    if (repair) {
      if (readUlpfec(bytes, 0, bytes.length, header)) decoder.repair(header, bytes);
    } else {
      decoder.packet(bytes, 0, bytes.length);
      const frame = frameOf.get(at)!;
      if (--frame.missing === 0) frame.completeMs = time.nowMs;
      if (frame.key && frame.missing === 0) {
        nack.keyFrame(at);
        started = true;
      }
    }
    while (decoder.restore(restored) > 0) {
      const missing = (restored[2] << 8) | restored[3];
      arrive(missing, sent.get(missing)!);
    }
  };
  const transmit = (at: number, packet: Sent): boolean => {
    allPackets++;
    const outMs = link.offer(time.nowMs, PACKET_BYTES);
    if (outMs !== null) time.at(outMs, () => arrive(at, packet));
    return outMs !== null;
  };
  const send = (bytes: Uint8Array, repair: boolean): void => {
    const at = sequence++ & 0xffff;
    const packet = { bytes, repair };
    sent.set(at, packet);
    have.delete(at);
    const received = transmit(at, packet);
    // Feedback tells half a round trip after it would have come.
    time.after(rttMs, () => pattern.packet(received));
  };

  const sendFrame = (): void => {
    const key = keyFrameWanted;
    keyFrameWanted = false;
    const count = key ? packetsPerFrame * KEY_FRAME_FACTOR : packetsPerFrame;
    const frame = {
      number: frames.length,
      key,
      packets: count,
      missing: count,
      capturedMs: time.nowMs,
      completeMs: -1,
    };
    frames.push(frame);
    for (let i = 0; i < count; i++) {
      frameOf.set(sequence & 0xffff, frame);
      mediaPackets++;
      const packet = rtpPacket({
        sequence: sequence & 0xffff,
        timestamp: frame.number * 3000,
        marker: i === count - 1,
        body: [frame.number & 0xff, i],
      });
      send(packet, false);
      for (const payload of repairPayloads(encoder, protect(encoder, packet, time.nowMs))) send(payload, true);
    }
  };

  const endMs = seconds * 1000;
  for (let i = 0; i * intervalMs < endMs; i++) time.at(i * intervalMs, sendFrame);
  time.every(10, () => {
    const count = nack.due(time.nowMs, rttMs, asked);
    const wanted = [...asked.subarray(0, count)];
    time.after(oneWayMs, () => {
      for (const at of wanted) transmit(at, sent.get(at)!);
    });
    if ((nack.keyFrameNeeded || !started) && time.nowMs - keyFrameAskedMs > Math.max(500, rttMs)) {
      keyFrameAskedMs = time.nowMs;
      time.after(oneWayMs, () => {
        keyFrameWanted = true;
      });
    }
    return time.nowMs < endMs + 3000;
  });
  if (scenario.fec) {
    time.every(250, () => {
      const { share: lossShare, burstLength } = pattern;
      rate.update(time.nowMs, { lossShare, burstLength, rttMs, mediaBps: 1_000_000, spareBps: 1_000_000 });
      encoder.share = rate.share;
      encoder.maxBlockMs = rate.maxBlockMs;
      encoder.minRepairs = rate.minRepairs;
      return time.nowMs < endMs;
    });
  }
  time.runUntil(endMs + 3000);
  const shown = show(frames, oneWayMs + playoutMs, intervalMs);
  return {
    ...shown,
    fps: shown.fps / seconds,
    overhead: allPackets / mediaPackets - 1,
    keyFrames: frames.filter((frame) => frame.key).length,
  };
}

type Shown = Pick<RecoveryResult, 'frames' | 'late' | 'fps' | 'freezes' | 'frozenMs'>;

/** Shows each frame when it is time, or as soon as it can be decoded, unless a newer one is shown by then. */
function show(frames: readonly Frame[], delayMs: number, intervalMs: number): Shown {
  const shownMs: number[] = [];
  let decodableMs = 0;
  let broken = false;
  let late = 0;
  for (const frame of frames) {
    // Incomplete for good: nothing after it can be decoded until a key frame.
    if (frame.completeMs < 0) broken = true;
    else if (frame.key) broken = false;
    const dueMs = frame.capturedMs + delayMs;
    if (broken) {
      late++;
      continue;
    }
    decodableMs = Math.max(decodableMs, frame.completeMs);
    if (decodableMs > dueMs) late++;
    const atMs = Math.max(dueMs, decodableMs);
    if (shownMs[shownMs.length - 1] === atMs) continue;
    shownMs.push(atMs);
  }
  let freezes = 0;
  let frozenMs = 0;
  const longest = Math.max(3 * intervalMs, intervalMs + 150);
  for (let i = 1; i < shownMs.length; i++) {
    const gapMs = shownMs[i] - shownMs[i - 1];
    if (gapMs <= longest) continue;
    freezes++;
    frozenMs += gapMs;
  }
  return { frames: frames.length, late: late / frames.length, fps: shownMs.length, freezes, frozenMs };
}
