/**
 * Invitations: what lets somebody in on another node that one which is to end sent them to. They are in addresses, which logs
 * keep and others see: each is good for half a minute, at one node, once, and for nothing but WHIP and WHEP. JWTs, so that
 * nodes need not ask each other; of an audience of their own, so that no join token is one and none is a join token.
 */
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { ServerError } from '../errors.js';
import { randomToken } from '../media/session.js';
import { type Grant, GrantClaims, grantOf } from './grant.js';

const AUDIENCE = 'efir-invitation';
const TTL_SECONDS = 30;
/** Between the clocks of two nodes. */
const TOLERANCE_SECONDS = 5;
/** That were used and could be tried again. */
const MOST_USED = 20_000;

const Claims = GrantClaims.extend({ node: z.string(), jti: z.string().min(1).max(32), exp: z.number() });

export class Invitations {
  readonly #key: Uint8Array;
  /** Until when they could be used again, s; about in that order. */
  readonly #used = new Map<string, number>();

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  issue(room: string, { name, publish, subscribe }: Grant, node: string): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ room, publish, subscribe, node, ...(name !== undefined && { name }) })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience(AUDIENCE)
      .setJti(randomToken(18))
      .setExpirationTime(now + TTL_SECONDS)
      .sign(this.#key);
  }

  /** How many are remembered. */
  get used(): number {
    return this.#used.size;
  }

  /** What its bearer may do in the room; null: it is none, or is good no more. Throws `unavailable` if too many are in use. */
  async redeem(room: string, invitation: string, node: string): Promise<Grant | null> {
    const claims = await this.#verify(invitation);
    if (claims?.room !== room || claims.node !== node) return null;
    const now = Date.now() / 1000;
    for (const [id, until] of this.#used) {
      if (until > now) break;
      this.#used.delete(id);
    }
    if (this.#used.has(claims.jti)) return null;
    if (this.#used.size >= MOST_USED) throw new ServerError('unavailable', 'too many are sent here at once', 5);
    this.#used.set(claims.jti, claims.exp + TOLERANCE_SECONDS);
    return grantOf(claims);
  }

  async #verify(invitation: string): Promise<z.output<typeof Claims> | null> {
    try {
      const options = { algorithms: ['HS256'], audience: AUDIENCE, clockTolerance: TOLERANCE_SECONDS };
      return Claims.parse((await jwtVerify(invitation, this.#key, options)).payload);
    } catch {
      return null;
    }
  }
}
