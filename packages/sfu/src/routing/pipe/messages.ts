/**
 * What the two ends of a pipe say to each other, as JSON. The source tells which producers there are and what their layers
 * cost, the sink what it wants of them. A node isn't trusted more than a client: whatever is read here is bounded, and
 * entries that make no sense are left out and counted.
 */
import type { MediaKind } from '@efir/rtc';
import { MAX_LAYERS } from '../source-batch.js';

/** Both ends must have the same. */
export const PIPE_VERSION = 1;
export const MAX_MESSAGE_BYTES = 65_536;
/** Entries of one message. */
export const MAX_ENTRIES = 100;
export const MAX_ENCODINGS = 4;
export const MAX_CODECS = 12;
/** Routers that a path may name; longer ones are cut off by `MAX_HOPS` anyway. */
const MAX_PATH = 8;
const MAX_FMTP = 16;
const MAX_BPS = 1_000_000_000;

export interface PipedCodec {
  name: string;
  clockRate: number;
  channels?: number;
  fmtp: Record<string, string>;
}

export interface PipedEncoding {
  rid?: string;
  ssrc: number;
  rtxSsrc: number;
}

export interface PipedProducer {
  id: string;
  kind: MediaKind;
  paused: boolean;
  /** Their payload types follow from their order, see `codecs.ts`. */
  codecs: PipedCodec[];
  encodings: PipedEncoding[];
  /** Tokens of the routers that it came through, from its own on. */
  path: string[];
}

/** What one encoding consists of where it is whole. */
export interface PipedLayers {
  producer: string;
  encoding: number;
  /** Highest layers. */
  spatial: number;
  temporal: number;
  /** Pixels of each spatial layer, 0: unknown. */
  heights: number[];
  /** bit/s of each layer by itself, row by row: `spatial * (temporal + 1) + temporal`. */
  bps: number[];
}

/** Layers above are left out. */
export interface EncodingWant {
  encoding: number;
  spatial: number;
  temporal: number;
}

/** All that is wanted of a producer; no encodings: nothing. */
export interface ProducerWant {
  producer: string;
  encodings: EncodingWant[];
}

export type PipeMessage =
  | { type: 'hello'; version: number }
  /** From the source. First `gone`, then `set`; `complete` with the last of the first list. */
  | { type: 'producers'; set: PipedProducer[]; gone: string[]; complete: boolean }
  | { type: 'layers'; layers: PipedLayers[] }
  /** From the sink. */
  | { type: 'wants'; wants: ProducerWant[] };

export interface ReadMessage {
  message: PipeMessage;
  /** Entries left out. */
  refused: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function writeMessage(message: PipeMessage): Uint8Array {
  return encoder.encode(JSON.stringify(message));
}

/** Null: no message at all. */
export function readMessage(bytes: Uint8Array): ReadMessage | null {
  if (bytes.length > MAX_MESSAGE_BYTES) return null;
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  switch (value.type) {
    case 'hello':
      return isInteger(value.version, 0, 1_000_000)
        ? { message: { type: 'hello', version: value.version }, refused: 0 }
        : null;
    case 'producers': {
      const set = entries(value.set, readProducer);
      const gone = entries(value.gone, readId);
      if (!set || !gone) return null;
      const message = { type: 'producers', set: set.read, gone: gone.read, complete: value.complete === true } as const;
      return { message, refused: set.refused + gone.refused };
    }
    case 'layers': {
      const layers = entries(value.layers, readLayers);
      return layers && { message: { type: 'layers', layers: layers.read }, refused: layers.refused };
    }
    case 'wants': {
      const wants = entries(value.wants, readWant);
      return wants && { message: { type: 'wants', wants: wants.read }, refused: wants.refused };
    }
    default:
      return null;
  }
}

function entries<T>(value: unknown, read: (entry: unknown) => T | null): { read: T[]; refused: number } | null {
  if (!Array.isArray(value)) return null;
  const good: T[] = [];
  for (const entry of value.slice(0, MAX_ENTRIES)) {
    const one = read(entry);
    if (one !== null) good.push(one);
  }
  return { read: good, refused: value.length - good.length };
}

/** `${transport}/${mid}`, visible ASCII. */
function readId(value: unknown): string | null {
  return typeof value === 'string' && value.length <= 200 && /^[!-~]+\/[!-~]+$/.test(value) ? value : null;
}

function readProducer(value: unknown): PipedProducer | null {
  if (!isObject(value)) return null;
  const { kind, paused, path } = value;
  const id = readId(value.id);
  if (id === null || (kind !== 'audio' && kind !== 'video') || typeof paused !== 'boolean') return null;
  const codecs = all(value.codecs, 1, MAX_CODECS, readCodec);
  const encodings = all(value.encodings, 1, kind === 'audio' ? 1 : MAX_ENCODINGS, readEncoding);
  const tokens = all(path, 1, MAX_PATH, (token) =>
    typeof token === 'string' && /^[0-9a-z]{1,16}$/.test(token) ? token : null,
  );
  if (!codecs || !encodings || !tokens) return null;
  const ssrcs = new Set(encodings.flatMap(({ ssrc, rtxSsrc }) => [ssrc, rtxSsrc]));
  if (ssrcs.size !== 2 * encodings.length || new Set(encodings.map(({ rid }) => rid)).size !== encodings.length)
    return null;
  return { id, kind, paused, codecs, encodings, path: tokens };
}

function readCodec(value: unknown): PipedCodec | null {
  if (!isObject(value) || !isObject(value.fmtp)) return null;
  const { name, clockRate, channels } = value;
  if (typeof name !== 'string' || !/^[a-z0-9-]{1,16}$/.test(name) || !isInteger(clockRate, 8_000, 192_000)) return null;
  if (channels !== undefined && !isInteger(channels, 1, 8)) return null;
  const parameters = Object.entries(value.fmtp);
  const fits = parameters.every(([key, text]) => key.length <= 64 && typeof text === 'string' && text.length <= 256);
  if (parameters.length > MAX_FMTP || !fits) return null;
  const fmtp = Object.fromEntries(parameters) as Record<string, string>;
  return { name, clockRate, fmtp, ...(channels !== undefined && { channels }) };
}

function readEncoding(value: unknown): PipedEncoding | null {
  if (!isObject(value)) return null;
  const { rid, ssrc, rtxSsrc } = value;
  if (!isInteger(ssrc, 1, 0xffffffff) || !isInteger(rtxSsrc, 1, 0xffffffff)) return null;
  if (rid !== undefined && !(typeof rid === 'string' && /^[0-9A-Za-z_-]{1,16}$/.test(rid))) return null;
  return { ssrc, rtxSsrc, ...(rid !== undefined && { rid }) };
}

function readLayers(value: unknown): PipedLayers | null {
  if (!isObject(value)) return null;
  const { encoding, spatial, temporal } = value;
  const producer = readId(value.producer);
  if (producer === null || !isInteger(encoding, 0, MAX_ENCODINGS - 1)) return null;
  if (!isInteger(spatial, 0, MAX_LAYERS - 1) || !isInteger(temporal, 0, MAX_LAYERS - 1)) return null;
  const cells = (spatial + 1) * (temporal + 1);
  const heights = all(value.heights, spatial + 1, spatial + 1, (height) =>
    isInteger(height, 0, 16_384) ? height : null,
  );
  const bps = all(value.bps, cells, cells, (rate) => (isInteger(rate, 0, MAX_BPS) ? rate : null));
  return heights && bps && { producer, encoding, spatial, temporal, heights, bps };
}

function readWant(value: unknown): ProducerWant | null {
  if (!isObject(value)) return null;
  const producer = readId(value.producer);
  const encodings = all(value.encodings, 0, MAX_ENCODINGS, (entry) => {
    if (!isObject(entry)) return null;
    const { encoding, spatial, temporal } = entry;
    if (!isInteger(encoding, 0, MAX_ENCODINGS - 1)) return null;
    if (!isInteger(spatial, 0, MAX_LAYERS - 1) || !isInteger(temporal, 0, MAX_LAYERS - 1)) return null;
    return { encoding, spatial, temporal };
  });
  return producer !== null && encodings ? { producer, encodings } : null;
}

/** Null unless it is a list of that length whose entries are all good. */
function all<T>(value: unknown, min: number, max: number, read: (entry: unknown) => T | null): T[] | null {
  if (!Array.isArray(value) || value.length < min || value.length > max) return null;
  const good: T[] = [];
  for (const entry of value) {
    const one = read(entry);
    if (one === null) return null;
    good.push(one);
  }
  return good;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInteger(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}
