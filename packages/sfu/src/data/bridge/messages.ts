/**
 * What two nodes say to each other on a bridge, in one ordered stream. A byte tells the kind, then come addresses, each a byte n
 * and n bytes of ASCII: those who are `here` or `gone`; the sender of whose messages some were `taken`, with 32 bits of their cost; or the
 * sender and the receiver (n = 0: everybody) of a message on `file`, which follows.
 */
import { MAX_ADDRESS_BYTES, readAddress, writeAddress } from '../address.js';
import { MAX_MESSAGE_BYTES } from '../endpoint.js';
import type { RoutedMessage } from '../router.js';

const HERE = 1;
const GONE = 2;
const TAKEN = 3;
const TEXT = 4;
const BINARY = 5;

/** Addresses of one message. */
export const MAX_PEOPLE_AT_ONCE = 100;
/** Of one message on the wire. */
export const MAX_BRIDGE_MESSAGE_BYTES = MAX_MESSAGE_BYTES + 2 * (1 + MAX_ADDRESS_BYTES) + 1;

export type BridgeMessage =
  | { type: 'here' | 'gone'; addresses: string[] }
  | { type: 'taken'; from: string; cost: number }
  | { type: 'file'; from: string; message: RoutedMessage };

export function writePeople(type: 'here' | 'gone', addresses: readonly string[]): Uint8Array {
  const out = new Uint8Array(1 + addresses.reduce((sum, { length }) => sum + 1 + length, 0));
  out[0] = type === 'here' ? HERE : GONE;
  let at = 1;
  for (const address of addresses) at = writeAddress(address, out, at);
  return out;
}

export function writeTaken(from: string, cost: number): Uint8Array {
  const out = new Uint8Array(2 + from.length + 4);
  out[0] = TAKEN;
  const at = writeAddress(from, out, 1);
  new DataView(out.buffer).setUint32(at, cost);
  return out;
}

export function writeFileMessage(from: string, { to, text, bytes, at }: RoutedMessage): Uint8Array {
  const out = new Uint8Array(3 + from.length + (to?.length ?? 0) + bytes.length - at);
  out[0] = text ? TEXT : BINARY;
  const end = writeAddress(to ?? '', out, writeAddress(from, out, 1));
  out.set(bytes.subarray(at), end);
  return out;
}

/** Null: nonsense. A message on `file` is not copied. */
export function readBridgeMessage(bytes: Uint8Array): BridgeMessage | null {
  const kind = bytes[0];
  if (kind === HERE || kind === GONE) {
    const addresses = readPeople(bytes);
    return addresses && { type: kind === HERE ? 'here' : 'gone', addresses };
  }
  if (kind !== TAKEN && kind !== TEXT && kind !== BINARY) return null;
  const sender = readAddress(bytes, 1);
  if (!sender || sender.to === null) return null;
  const { to: from, at } = sender;
  if (kind === TAKEN) {
    if (bytes.length !== at + 4) return null;
    return { type: 'taken', from, cost: new DataView(bytes.buffer, bytes.byteOffset).getUint32(at) };
  }
  const receiver = readAddress(bytes, at);
  return receiver && { type: 'file', from, message: { label: 'file', text: kind === TEXT, bytes, ...receiver } };
}

function readPeople(bytes: Uint8Array): string[] | null {
  const addresses: string[] = [];
  for (let at = 1; at < bytes.length; ) {
    const read = readAddress(bytes, at);
    if (!read || read.to === null || addresses.length === MAX_PEOPLE_AT_ONCE) return null;
    addresses.push(read.to);
    at = read.at;
  }
  return addresses;
}
