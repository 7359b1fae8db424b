/**
 * The head of every message: one byte n, then n bytes of ASCII. From a client: whom it is for, n = 0 meaning all others in the
 * router. To a client: whom it is from. The head of a text is text.
 */

export const MAX_ADDRESS_BYTES = 64;

export interface Addressed {
  /** Null: all others. */
  to: string | null;
  /** Where the payload begins. */
  at: number;
}

/** Null: no head at `begin`, or none that could be an address. */
export function readAddress(message: Uint8Array, begin = 0): Addressed | null {
  const length = message[begin];
  const at = begin + 1 + length;
  if (length === undefined || length > MAX_ADDRESS_BYTES || message.length < at) return null;
  if (length === 0) return { to: null, at };
  let to = '';
  for (let i = begin + 1; i < at; i++) {
    if (message[i] < 0x21 || message[i] > 0x7e) return null;
    to += String.fromCharCode(message[i]);
  }
  return { to, at };
}

/** 1..64 visible ASCII characters. */
export function isAddress(text: string): boolean {
  return /^[!-~]{1,64}$/.test(text);
}

/** The message from `at` on, under the sender's name. */
export function withSender(sender: string, message: Uint8Array, at: number): Uint8Array {
  const out = new Uint8Array(1 + sender.length + message.length - at);
  out.set(message.subarray(at), writeAddress(sender, out, 0));
  return out;
}

/** Returns where it ends. */
export function writeAddress(address: string, out: Uint8Array, at: number): number {
  out[at] = address.length;
  for (let i = 0; i < address.length; i++) out[at + 1 + i] = address.charCodeAt(i);
  return at + 1 + address.length;
}
