/** The side of TURN that answers Allocate, for tests (RFC 8656 section 7.2, RFC 8489 section 9.2.4). */
import { createHash, createHmac } from 'node:crypto';
import {
  buildStun,
  errorCodeAttribute,
  parseStun,
  StunAttribute,
  StunClass,
  type StunMessage,
  verifyIntegrity,
  xorMappedAddressAttribute,
} from '@efir/rtc';
import type { Answer } from './stun-port.js';

export interface TestTurn {
  /** `static-auth-secret`. */
  secret: string;
  /** ms since the epoch. */
  now(): number;
  /** Nonces that are stale at once, before one is taken. */
  staleNonces?: number;
  /** Refuses whoever is authenticated, with this code. */
  refuse?: number;
  /** Signs its answer with another password. */
  forged?: boolean;
}

const REALM = 'example.org';
const XOR_RELAYED_ADDRESS = 0x0016;
const ALLOCATE = 0x003;

const text = (value: string): Uint8Array => Buffer.from(value);

export function turnServer(options: TestTurn): { answer: Answer; released(): number } {
  let nonces = 0;
  let released = 0;
  const answer: Answer = (packet, from) => {
    const message = parseStun(packet);
    if (message?.class !== StunClass.request) return null;
    const { transactionId, method } = message;
    const refuse = (code: number, nonce = `nonce-${nonces}`): Uint8Array =>
      buildStun({
        class: StunClass.error,
        method,
        transactionId,
        attributes: [
          errorCodeAttribute(code, 'Refused'),
          [StunAttribute.realm, text(REALM)],
          [StunAttribute.nonce, text(nonce)],
        ],
      });
    const username = textOf(message, StunAttribute.username);
    if (username === null) return refuse(401);
    const credential = createHmac('sha1', options.secret).update(username).digest('base64');
    const key = createHash('md5').update(`${username}:${REALM}:${credential}`).digest();
    if (textOf(message, StunAttribute.nonce) !== `nonce-${nonces}`) return refuse(438);
    if (!verifyIntegrity(message, key) || Number(username.split(':')[0]) * 1000 < options.now()) return refuse(401);
    if (nonces < (options.staleNonces ?? 0)) return refuse(438, `nonce-${++nonces}`);
    if (options.refuse) return refuse(options.refuse);
    if (method !== ALLOCATE) released++;
    const mapped = xorMappedAddressAttribute(from, transactionId);
    const relayed = xorMappedAddressAttribute({ address: '198.51.100.9', port: 50_000 }, transactionId);
    if (!mapped || !relayed) return null;
    return buildStun({
      class: StunClass.success,
      method,
      transactionId,
      attributes: [[XOR_RELAYED_ADDRESS, relayed[1]], mapped],
      key: options.forged ? text('another') : key,
    });
  };
  return { answer, released: () => released };
}

const textOf = ({ attributes }: StunMessage, type: number): string | null => {
  const value = attributes.get(type);
  return value ? Buffer.from(value).toString() : null;
};
