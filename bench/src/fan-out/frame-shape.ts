/** Which frames a publisher sends: sizes of their packets, one frame after the other, round and round. */
import { readFileSync } from 'node:fs';
import { evenSplit, VP8_DESCRIPTOR_BYTES } from '@efir/sfu';
import { BenchError } from '../errors.js';

/** Of an RTP packet with its header: what browsers keep to. */
export const PACKET_BYTES = 1200;

const SINGLE_BYTES = 300;

export interface FrameShape {
  name: string;
  /** Payload sizes (VP8 descriptor and all) of each frame's packets, for a header of `headerBytes`. */
  frames(headerBytes: number): number[][];
  /** When each frame is due, ms from the start of the round; null: evenly. */
  atMs: number[] | null;
  /** How long a round lasts at normal speed; null: as the rate says. */
  roundMs: number | null;
}

/** Frames of 4 to 8 packets, 6 on average, each packet of 1,200 bytes. */
export const EQUAL_FRAMES: FrameShape = {
  name: 'equal',
  frames: (headerBytes) => [6, 4, 8, 5, 7].map((packets) => new Array(packets).fill(PACKET_BYTES - headerBytes)),
  atMs: null,
  roundMs: null,
};

/** Sound, and small pictures: each frame is one packet. */
export const SINGLE_FRAMES: FrameShape = {
  name: 'single',
  frames: (headerBytes) => [[SINGLE_BYTES - headerBytes]],
  atMs: null,
  roundMs: null,
};

interface TraceFile {
  source: string;
  durationMs: number;
  atMs: number[];
  sizeBytes: number[];
}

/** Frames of a real encoder, cut into packets as browsers do. Throws `BenchError` when the file is no trace. */
export function recordedFrames(path: string | URL): FrameShape {
  let trace: TraceFile;
  try {
    trace = JSON.parse(readFileSync(path, 'utf8')) as TraceFile;
  } catch (error) {
    throw new BenchError(`no frame trace at ${path}: ${(error as Error).message}`);
  }
  const { atMs, sizeBytes, durationMs, source } = trace;
  if (!Array.isArray(atMs) || atMs.length === 0 || atMs.length !== sizeBytes?.length || !(durationMs > 0)) {
    throw new BenchError(`${path} is not a frame trace`);
  }
  return {
    name: source,
    frames: (headerBytes) =>
      sizeBytes.map((bytes) =>
        evenSplit(bytes, PACKET_BYTES - headerBytes - VP8_DESCRIPTOR_BYTES).map((size) => size + VP8_DESCRIPTOR_BYTES),
      ),
    atMs,
    roundMs: durationMs,
  };
}

export const TRACE_FIXTURE = new URL('../../fixtures/trace-vp8-720p.json', import.meta.url);
