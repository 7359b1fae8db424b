/**
 * One TURN allocation, the client's side (RFC 8656 section 7), with long-term credentials (RFC 8489 section 9.2). Pure: told
 * what came, it says what to send next. The first request has no credentials; the refusal brings realm and nonce.
 */
import { createHash } from 'node:crypto';
import {
  buildStun,
  parseStun,
  readErrorCode,
  readXorMappedAddress,
  StunAttribute,
  StunClass,
  type StunMessage,
  type TransportAddress,
  uint32Attribute,
  usernameAttribute,
  verifyIntegrity,
} from '@efir/rtc';

const ALLOCATE = 0x003;
const REFRESH = 0x004;

const LIFETIME = 0x000d;
const XOR_RELAYED_ADDRESS = 0x0016;
const REQUESTED_TRANSPORT = 0x0019;
/** IP protocol number of UDP, in the first of four bytes. */
const UDP = 17 * 2 ** 24;

const UNAUTHORIZED = 401;
const STALE_NONCE = 438;
/** Fresh nonces that are taken before it is an error. */
const MAX_NONCES = 2;
/** Longest realm and nonce (RFC 8489 sections 14.9 and 14.10), bytes. */
const MAX_TEXT = 763;

export interface TurnLogin {
  username: string;
  credential: string;
}

export type AllocationResult =
  | { type: 'allocated'; relayed: TransportAddress; mapped: TransportAddress | null }
  /** `code` and `reason` as in ERROR-CODE; 401 with credentials means that they are wrong. */
  | { type: 'refused'; code: number; reason: string; authenticated: boolean }
  /** Answers that are none. */
  | { type: 'garbage' };

export class Allocation {
  readonly #login: TurnLogin | null;
  readonly #random: (bytes: number) => Uint8Array;
  #transactionId: Uint8Array = new Uint8Array(12);
  #realm: Uint8Array | null = null;
  #nonce: Uint8Array | null = null;
  #key: Uint8Array | null = null;
  #nonces = 0;
  #result: AllocationResult | null = null;

  constructor(login: TurnLogin | null, random: (bytes: number) => Uint8Array) {
    this.#login = login;
    this.#random = random;
  }

  /** Null while it goes on. */
  get result(): AllocationResult | null {
    return this.#result;
  }

  /** The first request. */
  start(): Uint8Array {
    return this.#request(ALLOCATE, [uint32Attribute(REQUESTED_TRANSPORT, UDP)]);
  }

  /** Takes a message from the server; returns the next request, or null: look at `result`. What is not for us is passed over. */
  handle(packet: Uint8Array): Uint8Array | null {
    const message = parseStun(packet);
    if (!message || this.#result || message.method !== ALLOCATE) return null;
    if (!this.#transactionId.every((byte, i) => byte === message.transactionId[i])) return null;
    if (message.class === StunClass.success) this.#allocated(message);
    else if (message.class === StunClass.error) return this.#refused(message);
    return null;
  }

  /** Gives the allocation back; null if there is none. No answer needs to be waited for. */
  release(): Uint8Array | null {
    return this.#result?.type === 'allocated' ? this.#request(REFRESH, [uint32Attribute(LIFETIME, 0)]) : null;
  }

  #allocated(message: StunMessage): void {
    // Only who knows the password can say yes.
    if (this.#key && !verifyIntegrity(message, this.#key)) {
      this.#result = { type: 'garbage' };
      return;
    }
    const value = message.attributes.get(XOR_RELAYED_ADDRESS);
    const attributes = new Map(value ? [[StunAttribute.xorMappedAddress, value]] : []);
    const relayed = readXorMappedAddress({ ...message, attributes });
    this.#result = relayed
      ? { type: 'allocated', relayed, mapped: readXorMappedAddress(message) }
      : { type: 'garbage' };
  }

  #refused(message: StunMessage): Uint8Array | null {
    const code = readErrorCode(message);
    const authenticated = this.#key !== null;
    const asked = code === UNAUTHORIZED && !authenticated && this.#login !== null;
    if ((asked || code === STALE_NONCE) && this.#challenged(message)) return this.start();
    const reason = Buffer.from(message.attributes.get(StunAttribute.errorCode)?.subarray(4, 132) ?? []).toString();
    this.#result =
      code === null
        ? { type: 'garbage' }
        : { type: 'refused', code, reason: reason.replace(/[^\x20-\x7e]/g, ''), authenticated };
    return null;
  }

  /** Takes realm and nonce; false if there are none, or too many. */
  #challenged({ attributes }: StunMessage): boolean {
    const realm = attributes.get(StunAttribute.realm) ?? this.#realm;
    const nonce = attributes.get(StunAttribute.nonce);
    if (!this.#login || !realm || !nonce || realm.length > MAX_TEXT || nonce.length > MAX_TEXT) return false;
    if (++this.#nonces > MAX_NONCES) return false;
    this.#realm = realm.slice();
    this.#nonce = nonce.slice();
    const { username, credential } = this.#login;
    this.#key = createHash('md5').update(`${username}:`).update(realm).update(`:${credential}`).digest();
    return true;
  }

  #request(method: number, attributes: [number, Uint8Array][]): Uint8Array {
    this.#transactionId = this.#random(12);
    const login: [number, Uint8Array][] =
      this.#key && this.#login && this.#realm && this.#nonce
        ? [
            usernameAttribute(this.#login.username),
            [StunAttribute.realm, this.#realm],
            [StunAttribute.nonce, this.#nonce],
          ]
        : [];
    return buildStun({
      class: StunClass.request,
      method,
      transactionId: this.#transactionId,
      attributes: [...attributes, ...login],
      ...(this.#key && { key: this.#key }),
    });
  }
}
