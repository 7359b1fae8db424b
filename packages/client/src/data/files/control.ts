import type { FileControl } from '@efir/protocol';
import type { DataPayload } from '../../path/media-path.js';

// As in the protocol package, whose schemas stay out of the browser's bundle.
export const MAX_FILE_BYTES = 20_000_000;
export const CHUNK_BYTES = 16_384;
export const WINDOW_BYTES = 1_048_576;
/** Transfer number and sequence, 32 bits each, big endian. */
const HEAD_BYTES = 8;

export interface Chunk {
  transfer: number;
  sequence: number;
  bytes: Uint8Array<ArrayBuffer>;
}

export function writeChunk(transfer: number, sequence: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(HEAD_BYTES + bytes.length);
  const head = new DataView(message.buffer);
  head.setUint32(0, transfer);
  head.setUint32(4, sequence);
  message.set(bytes, HEAD_BYTES);
  return message;
}

/** Null: not a chunk. */
export function readChunk(message: Uint8Array<ArrayBuffer>): Chunk | null {
  if (message.length < HEAD_BYTES || message.length > HEAD_BYTES + CHUNK_BYTES) return null;
  const head = new DataView(message.buffer, message.byteOffset);
  return { transfer: head.getUint32(0), sequence: head.getUint32(4), bytes: message.subarray(HEAD_BYTES) };
}

const isNumber = (value: unknown, most: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
const isText = (value: unknown, most: number): value is string => typeof value === 'string' && value.length <= most;

/** Null: not a control message. Whatever the other end sends, this doesn't throw. */
export function readControl(message: DataPayload): FileControl | null {
  if (typeof message !== 'string' || message.length > 4_096) return null;
  try {
    const value = JSON.parse(message) as Record<string, unknown> | null;
    if (value === null || typeof value !== 'object') return null;
    const { kind, transfer, name, size, type, sha256, bytes, reason } = value;
    if (!isNumber(transfer, 0xffff_ffff)) return null;
    switch (kind) {
      case 'offer':
        if (!isText(name, 255) || name === '' || !isNumber(size, MAX_FILE_BYTES) || !isText(type, 255)) return null;
        if (!isText(sha256, 64) || !/^[0-9a-f]{64}$/.test(sha256)) return null;
        return { kind, transfer, name: plainName(name), size, type, sha256 };
      case 'accept':
      case 'done':
        return { kind, transfer };
      case 'progress':
        return isNumber(bytes, MAX_FILE_BYTES) ? { kind, transfer, bytes } : null;
      case 'cancel':
        return { kind, transfer, ...(isText(reason, 200) ? { reason } : {}) };
      default:
        return null;
    }
  } catch {
    return null;
  }
}

/** Without folders, and without characters that end text (Cc) or turn it around (Cf). */
function plainName(name: string): string {
  const plain = name.replace(/[\p{Cc}\p{Cf}]/gu, '').replace(/^.*[/\\]/, '');
  return plain.trim() || 'file';
}

/** Lower-case hexadecimal. Needs a secure page. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
