import type { AppMessage } from '@efir/protocol';
import type { DataPayload } from '../path/media-path.js';

/** Characters of one message that are read. */
const LONGEST = 65_536;
const KIND = /^[a-z][a-z0-9-]{0,31}$/;
const ORDERED = /^([a-z0-9]{4,16})-(\d{1,9})$/;

/** Null: not a message of this app. Whatever the other end sends, this doesn't throw. */
export function parseMessage(data: DataPayload): AppMessage | null {
  if (typeof data !== 'string' || data.length > LONGEST) return null;
  try {
    const value = JSON.parse(data) as Partial<AppMessage> | null;
    if (value === null || typeof value !== 'object') return null;
    const { id, kind, at, body } = value;
    if (typeof id !== 'string' || id.length < 1 || id.length > 64) return null;
    if (typeof kind !== 'string' || !KIND.test(kind) || typeof at !== 'number' || !Number.isFinite(at)) return null;
    return { id, kind, at, body };
  } catch {
    return null;
  }
}

/**
 * Messages to all are counted by their sender: their id is `{stream}-{n}`, n from 1. A stream is one page's; the same
 * participant on another page begins another.
 */
export const orderedId = (stream: string, sequence: number): string => `${stream}-${sequence}`;

/** Null: not one that is counted. */
export function parseOrderedId(id: string): { stream: string; sequence: number } | null {
  const match = ORDERED.exec(id);
  return match ? { stream: match[1] as string, sequence: Number(match[2]) } : null;
}

/** For a stream or an id that nobody else has. */
export function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join('');
}
