import type { DataPayload } from '../path/media-path.js';

/** Longest participant id. */
const ADDRESS_MAX = 64;

/**
 * Messages through the SFU begin with one byte n and n bytes of ASCII: whom it is for (n = 0: all others), or, as received,
 * whom it is from. In text messages the same as characters, which are one byte each in UTF-8.
 */
export function withAddress(to: string | null, data: DataPayload): DataPayload {
  const address = to ?? '';
  if (typeof data === 'string') return String.fromCharCode(address.length) + address + data;
  const bytes = new Uint8Array(1 + address.length + data.length);
  bytes[0] = address.length;
  for (let i = 0; i < address.length; i++) bytes[1 + i] = address.charCodeAt(i);
  bytes.set(data, 1 + address.length);
  return bytes;
}

/** Null: not a message with a sender. */
export function splitAddress(message: DataPayload): { from: string; data: DataPayload } | null {
  const text = typeof message === 'string';
  const length = text ? message.charCodeAt(0) : message[0];
  if (length === undefined || !(length >= 1 && length <= ADDRESS_MAX) || message.length < 1 + length) return null;
  const from = text ? message.slice(1, 1 + length) : String.fromCharCode(...message.subarray(1, 1 + length));
  return { from, data: text ? message.slice(1 + length) : message.subarray(1 + length) };
}
