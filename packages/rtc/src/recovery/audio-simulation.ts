/**
 * A voice over a lossy way in virtual time, plain or with RED made on the way, into the jitter buffer: how much of it the
 * listener's decoder has to invent.
 */

import { LinkModel, type LinkOptions } from '../netsim/link-model.js';
import { VirtualTime } from '../netsim/virtual-time.js';
import { AudioJitterBuffer } from './jitter-buffer/audio-jitter-buffer.js';
import { LossPattern } from './loss-pattern.js';
import { opusDuration } from './opus.js';
import { parseRed, RedBlocks } from './red.js';
import { RedAudio, redDistance, redundantSequence } from './red-audio.js';

export interface AudioScenario {
  rttMs: number;
  link: Pick<LinkOptions, 'random' | 'loss' | 'burstLoss' | 'jitter'>;
  /** Whether redundancy may be added, as the loss asks for. */
  red: boolean;
  seconds?: number;
}

export interface AudioResult {
  /** Share of what was played that had to be invented. */
  concealed: number;
  /** Bytes beyond the plain payloads', per byte of them. */
  overhead: number;
  /** What the buffer aimed at in the end. */
  delayMs: number;
}

const FRAME_MS = 20;
const FRAME_SAMPLES = 960;
const FRAME_BYTES = 120;
const PAYLOAD_TYPE = 111;
/** CELT, 20 ms: without FEC of its own. */
const TOC = 31 << 3;

export function simulateAudio({ rttMs, link: options, red, seconds = 60 }: AudioScenario): AudioResult {
  const time = new VirtualTime();
  const link = new LinkModel({ ...options, capacity: 10_000_000, propagationMs: rttMs / 2 });
  const source = new RedAudio();
  const pattern = new LossPattern();
  const buffer = new AudioJitterBuffer();
  const blocks = new RedBlocks();
  const frame = new Uint8Array(FRAME_BYTES).fill(TOC, 0, 1);
  let distance = 0;
  let sequence = 0;
  let sentBytes = 0;

  const arrive = (payload: Uint8Array, at: number): void => {
    if (!parseRed(payload, 0, payload.length, blocks)) return;
    const primary = blocks.count - 1;
    const samples = opusDuration(payload, blocks.offsets[primary], blocks.lengths[primary]);
    for (let block = 0; block <= primary; block++) {
      const offset = blocks.timestampOffsets[block];
      const redundant = block < primary;
      const own = redundant ? redundantSequence(at & 0xffff, offset, samples) : at & 0xffff;
      const timestamp = (at * FRAME_SAMPLES - offset) >>> 0;
      buffer.insert(own, timestamp, payload, blocks.offsets[block], blocks.lengths[block], time.nowMs, redundant);
    }
  };
  time.every(FRAME_MS, () => {
    const at = sequence++;
    const timestamp = (at * FRAME_SAMPLES) >>> 0;
    const payload = new Uint8Array(1200);
    source.push(at & 0xffff, timestamp, frame, 0, FRAME_BYTES);
    const prefix = source.writePrefix(distance, PAYLOAD_TYPE, at & 0xffff, timestamp, FRAME_BYTES, payload, 0, 1200);
    payload.set(frame, prefix);
    const bytes = prefix + FRAME_BYTES;
    sentBytes += bytes;
    const outMs = link.offer(time.nowMs, bytes);
    if (outMs !== null) time.at(outMs, () => arrive(payload.subarray(0, bytes), at));
    time.after(rttMs, () => pattern.packet(outMs !== null));
    return at < (seconds * 1000) / FRAME_MS;
  });
  if (red) {
    time.every(500, () => {
      distance = redDistance(pattern.share, distance, pattern.burstLength);
      return true;
    });
  }
  const play = (): void => {
    const { speed } = buffer.next(time.nowMs);
    time.after(speed === 'faster' ? FRAME_MS * 0.8 : speed === 'slower' ? FRAME_MS * 1.2 : FRAME_MS, play);
  };
  time.after(FRAME_MS / 2, play);
  time.runUntil(seconds * 1000);
  return {
    concealed: buffer.concealed / buffer.played,
    overhead: sentBytes / (sequence * FRAME_BYTES) - 1,
    delayMs: buffer.targetDelayMs,
  };
}
