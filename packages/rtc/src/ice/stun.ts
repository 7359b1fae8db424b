/**
 * STUN messages (RFC 8489) with the attributes of ICE (RFC 8445 section 16).
 * Reading never throws and copies nothing: what is returned are views of the packet.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { formatIpAddress, parseIpAddress, type TransportAddress } from './address.js';
import { crc32 } from './crc32.js';

const MAGIC_COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
const INTEGRITY_BYTES = 20;
const FINGERPRINT_XOR = 0x5354554e;
/** More attributes than any client sends; a message with more is garbage. */
const MAX_ATTRIBUTES = 64;

export const STUN_BINDING = 0x001;

export const StunClass = { request: 0, indication: 1, success: 2, error: 3 } as const;
export type StunClass = (typeof StunClass)[keyof typeof StunClass];

export const StunAttribute = {
  mappedAddress: 0x0001,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  realm: 0x0014,
  nonce: 0x0015,
  messageIntegritySha256: 0x001c,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  software: 0x8022,
  alternateServer: 0x8023,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const;

/** Comprehension-required attributes (below 0x8000) that we understand. */
const UNDERSTOOD = new Set<number>([
  StunAttribute.mappedAddress,
  StunAttribute.username,
  StunAttribute.messageIntegrity,
  StunAttribute.errorCode,
  StunAttribute.unknownAttributes,
  StunAttribute.realm,
  StunAttribute.nonce,
  StunAttribute.messageIntegritySha256,
  StunAttribute.xorMappedAddress,
  StunAttribute.priority,
  StunAttribute.useCandidate,
]);

export interface StunMessage {
  class: StunClass;
  /** 12 bits; `STUN_BINDING` is the only one of ICE. */
  method: number;
  /** 12 bytes, a view of the packet. */
  transactionId: Uint8Array;
  /** The first attribute of each type before MESSAGE-INTEGRITY, views of the packet. What follows it but the FINGERPRINT is ignored (RFC 8489 section 14.5). */
  attributes: Map<number, Uint8Array>;
  /** Offset of the MESSAGE-INTEGRITY attribute in `bytes`, -1 if there is none. */
  integrityOffset: number;
  /** Types of attributes that the receiver must understand and we don't. */
  unknown: number[];
  bytes: Uint8Array;
}

/** Cheap test for demultiplexing (RFC 7983): two zero bits, the magic cookie, a length that fits. */
export function looksLikeStun(bytes: Uint8Array, offset = 0, length = bytes.length - offset): boolean {
  if (length < HEADER_BYTES || offset < 0 || offset + length > bytes.length) return false;
  return (
    bytes[offset] < 0x40 &&
    readUint32(bytes, offset + 4) === MAGIC_COOKIE &&
    readUint16(bytes, offset + 2) === length - HEADER_BYTES &&
    (length & 3) === 0
  );
}

/** The message, or null for anything malformed, including a wrong FINGERPRINT. Integrity is not checked here. */
export function parseStun(packet: Uint8Array): StunMessage | null {
  if (!looksLikeStun(packet)) return null;
  const type = readUint16(packet, 0);
  const attributes = new Map<number, Uint8Array>();
  const unknown: number[] = [];
  let integrityOffset = -1;
  let count = 0;
  let at = HEADER_BYTES;
  while (at < packet.length) {
    if (at + 4 > packet.length || ++count > MAX_ATTRIBUTES) return null;
    const attribute = readUint16(packet, at);
    const length = readUint16(packet, at + 2);
    const end = at + 4 + ((length + 3) & ~3);
    if (end > packet.length) return null;
    if (attribute === StunAttribute.fingerprint) {
      if (length !== 4 || end !== packet.length || readUint32(packet, at + 4) !== fingerprintOf(packet, at))
        return null;
      attributes.set(attribute, packet.subarray(at + 4, at + 8));
    } else if (integrityOffset < 0) {
      if (attribute === StunAttribute.messageIntegrity) {
        if (length !== INTEGRITY_BYTES) return null;
        integrityOffset = at;
      }
      if (attribute < 0x8000 && !UNDERSTOOD.has(attribute)) unknown.push(attribute);
      if (!attributes.has(attribute)) attributes.set(attribute, packet.subarray(at + 4, at + 4 + length));
    }
    at = end;
  }
  return {
    class: (((type >> 7) & 2) | ((type >> 4) & 1)) as StunClass,
    method: (type & 0x0f) | ((type >> 1) & 0x70) | ((type >> 2) & 0xf80),
    transactionId: packet.subarray(8, 20),
    attributes,
    integrityOffset,
    unknown,
    bytes: packet,
  };
}

/** Key of MESSAGE-INTEGRITY from a short-term password (RFC 8489 section 9.1.1). ICE passwords are ASCII. */
export function integrityKey(password: string): Uint8Array {
  return ascii(password);
}

/** True if the message carries a MESSAGE-INTEGRITY made with this key. Compares in constant time. */
export function verifyIntegrity(message: StunMessage, key: Uint8Array): boolean {
  const at = message.integrityOffset;
  if (at < 0) return false;
  const expected = integrityOf(message.bytes, at, key);
  let difference = 0;
  for (let i = 0; i < INTEGRITY_BYTES; i++) difference |= expected[i] ^ message.bytes[at + 4 + i];
  return difference === 0;
}

/** The USERNAME of an ICE check, `receiver:sender` (RFC 8445 section 7.2.2). */
export interface IceUsername {
  /** Username fragment of whoever receives the message. */
  local: string;
  /** Username fragment of the sender. */
  remote: string;
}

/** USERNAME of a STUN packet that is not verified yet, for finding the agent that can verify it. */
export function usernameOf(packet: Uint8Array): IceUsername | null {
  if (!looksLikeStun(packet)) return null;
  for (let at = HEADER_BYTES; at + 4 <= packet.length; ) {
    const length = readUint16(packet, at + 2);
    if (readUint16(packet, at) === StunAttribute.username) {
      return at + 4 + length <= packet.length ? splitUsername(packet.subarray(at + 4, at + 4 + length)) : null;
    }
    at += 4 + ((length + 3) & ~3);
  }
  return null;
}

export function readUsername(message: StunMessage): IceUsername | null {
  const value = message.attributes.get(StunAttribute.username);
  return value ? splitUsername(value) : null;
}

/** XOR-MAPPED-ADDRESS, or null. */
export function readXorMappedAddress(message: StunMessage): TransportAddress | null {
  const value = message.attributes.get(StunAttribute.xorMappedAddress);
  if (!value || (value[1] === 1 ? value.length !== 8 : value[1] !== 2 || value.length !== 20)) return null;
  const address = value.slice(4);
  for (let i = 0; i < address.length; i++) address[i] ^= message.bytes[4 + i];
  return { address: formatIpAddress(address), port: readUint16(value, 2) ^ (MAGIC_COOKIE >>> 16) };
}

/** ERROR-CODE as 300..699, or null. */
export function readErrorCode(message: StunMessage): number | null {
  const value = message.attributes.get(StunAttribute.errorCode);
  if (!value || value.length < 4) return null;
  const code = (value[2] & 7) * 100 + value[3];
  return value[3] < 100 && code >= 300 && code < 700 ? code : null;
}

export function readPriority(message: StunMessage): number | null {
  const value = message.attributes.get(StunAttribute.priority);
  return value?.length === 4 ? readUint32(value, 0) : null;
}

/** The 64-bit tie-breaker of ICE-CONTROLLING or ICE-CONTROLLED, or null. */
export function readTieBreaker(message: StunMessage, role: 'controlling' | 'controlled'): bigint | null {
  const value = message.attributes.get(
    role === 'controlling' ? StunAttribute.iceControlling : StunAttribute.iceControlled,
  );
  if (value?.length !== 8) return null;
  return (BigInt(readUint32(value, 0)) << 32n) | BigInt(readUint32(value, 4));
}

export interface StunMessageInit {
  class: StunClass;
  method?: number;
  /** 12 bytes. */
  transactionId: Uint8Array;
  /** Type and value, in the order in which they are written. */
  attributes?: readonly (readonly [type: number, value: Uint8Array])[];
  /** With a key, MESSAGE-INTEGRITY is added. */
  key?: Uint8Array;
  /** Default true. */
  fingerprint?: boolean;
}

/** A new packet. */
export function buildStun(init: StunMessageInit): Uint8Array {
  const attributes = init.attributes ?? [];
  const fingerprint = init.fingerprint ?? true;
  let size = HEADER_BYTES + (init.key ? 4 + INTEGRITY_BYTES : 0) + (fingerprint ? 8 : 0);
  for (const [, value] of attributes) size += 4 + ((value.length + 3) & ~3);
  const packet = new Uint8Array(size);
  const method = init.method ?? STUN_BINDING;
  writeUint16(
    packet,
    0,
    (method & 0x0f) |
      ((init.class & 1) << 4) |
      ((method & 0x70) << 1) |
      ((init.class & 2) << 7) |
      ((method & 0xf80) << 2),
  );
  writeUint16(packet, 2, size - HEADER_BYTES);
  writeUint32(packet, 4, MAGIC_COOKIE);
  packet.set(init.transactionId.subarray(0, 12), 8);
  let at = HEADER_BYTES;
  for (const [type, value] of attributes) {
    writeUint16(packet, at, type);
    writeUint16(packet, at + 2, value.length);
    packet.set(value, at + 4);
    at += 4 + ((value.length + 3) & ~3);
  }
  if (init.key) {
    writeUint16(packet, at, StunAttribute.messageIntegrity);
    writeUint16(packet, at + 2, INTEGRITY_BYTES);
    packet.set(integrityOf(packet, at, init.key), at + 4);
    at += 4 + INTEGRITY_BYTES;
  }
  if (fingerprint) {
    writeUint16(packet, at, StunAttribute.fingerprint);
    writeUint16(packet, at + 2, 4);
    writeUint32(packet, at + 4, fingerprintOf(packet, at));
  }
  return packet;
}

export function usernameAttribute(username: string): [number, Uint8Array] {
  return [StunAttribute.username, ascii(username)];
}

export function uint32Attribute(type: number, value: number): [number, Uint8Array] {
  const bytes = new Uint8Array(4);
  writeUint32(bytes, 0, value);
  return [type, bytes];
}

export function uint64Attribute(type: number, value: bigint): [number, Uint8Array] {
  const bytes = new Uint8Array(8);
  writeUint32(bytes, 0, Number((value >> 32n) & 0xffffffffn));
  writeUint32(bytes, 4, Number(value & 0xffffffffn));
  return [type, bytes];
}

/** XOR-MAPPED-ADDRESS; null if the address is not a literal one. */
export function xorMappedAddressAttribute(
  mapped: TransportAddress,
  transactionId: Uint8Array,
): [number, Uint8Array] | null {
  const address = parseIpAddress(mapped.address);
  if (!address) return null;
  const value = new Uint8Array(4 + address.length);
  value[1] = address.length === 4 ? 1 : 2;
  writeUint16(value, 2, mapped.port ^ (MAGIC_COOKIE >>> 16));
  const mask = new Uint8Array(16);
  writeUint32(mask, 0, MAGIC_COOKIE);
  mask.set(transactionId.subarray(0, 12), 4);
  for (let i = 0; i < address.length; i++) value[4 + i] = address[i] ^ mask[i];
  return [StunAttribute.xorMappedAddress, value];
}

export function errorCodeAttribute(code: number, reason: string): [number, Uint8Array] {
  const text = ascii(reason);
  const value = new Uint8Array(4 + text.length);
  value[2] = Math.floor(code / 100);
  value[3] = code % 100;
  value.set(text, 4);
  return [StunAttribute.errorCode, value];
}

export function unknownAttributesAttribute(types: readonly number[]): [number, Uint8Array] {
  const value = new Uint8Array(types.length * 2);
  for (const [index, type] of types.entries()) writeUint16(value, index * 2, type);
  return [StunAttribute.unknownAttributes, value];
}

/** The MESSAGE-INTEGRITY over the packet up to `at`, with the length field as if the message ended after it. */
function integrityOf(packet: Uint8Array, at: number, key: Uint8Array): Uint8Array {
  const length = at + 4 + INTEGRITY_BYTES - HEADER_BYTES;
  const head = new Uint8Array([packet[0], packet[1], length >> 8, length & 0xff]);
  return hmac.create(sha1, key).update(head).update(packet.subarray(4, at)).digest();
}

function fingerprintOf(packet: Uint8Array, at: number): number {
  return (crc32(packet, 0, at) ^ FINGERPRINT_XOR) >>> 0;
}

function splitUsername(value: Uint8Array): IceUsername | null {
  if (value.length > 513) return null;
  let colon = -1;
  for (let i = 0; i < value.length; i++) {
    if (value[i] < 0x21 || value[i] > 0x7e) return null;
    if (value[i] === 0x3a) {
      if (colon >= 0) return null;
      colon = i;
    }
  }
  if (colon <= 0 || colon === value.length - 1) return null;
  return {
    local: String.fromCharCode(...value.subarray(0, colon)),
    remote: String.fromCharCode(...value.subarray(colon + 1)),
  };
}

function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
