/**
 * Join tokens: JWTs, HS256, signed with the API secret, so that whoever has it can make them as well. Claims: `room`,
 * `exp`, and as they apply `name`, `publish`, `subscribe`.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { TokenReply, TokenRequest } from '@efir/protocol';
import { jwtVerify, SignJWT } from 'jose';
import type { z } from 'zod';
import { ServerError } from '../errors.js';
import { type Grant, GrantClaims, grantOf } from './grant.js';
import { Invitations } from './invitations.js';

const AUDIENCE = 'efir';

const EVERYTHING: Grant = { publish: true, subscribe: true };

export class Tokens {
  readonly invitations: Invitations;
  readonly #key: Uint8Array;
  readonly #apiSecret: string | null;
  readonly #required: boolean;

  /**
   * Without a secret, tokens are good until this server ends; of nodes with a `clusterSecret`, on all of them as long as that
   * stays.
   */
  constructor(apiSecret: string | undefined, required: boolean, clusterSecret?: string) {
    this.#apiSecret = apiSecret ?? null;
    const own = clusterSecret ? createHmac('sha256', clusterSecret).update('efir tokens').digest() : randomBytes(32);
    this.#key = apiSecret ? new TextEncoder().encode(apiSecret) : own;
    this.#required = required;
    this.invitations = new Invitations(this.#key);
  }

  async issue(room: string, { name, publish, subscribe, ttlSeconds }: TokenRequest): Promise<TokenReply> {
    const now = Math.floor(Date.now() / 1000);
    const expires = now + ttlSeconds;
    const token = await new SignJWT({ room, publish, subscribe, ...(name !== undefined && { name }) })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience(AUDIENCE)
      .setIssuedAt(now)
      .setExpirationTime(expires)
      .sign(this.#key);
    return { token, expiresAt: expires * 1000 };
  }

  /** What the bearer may do in the room. Throws `unauthorized` for a bad or missing token, `forbidden` for one of another room. */
  async grant(room: string, token: string | undefined): Promise<Grant> {
    if (token === undefined) {
      if (this.#required) throw new ServerError('unauthorized', 'a token is needed');
      return EVERYTHING;
    }
    const claims = await this.#verify(token);
    if (claims.room !== room) throw new ServerError('forbidden', 'the token is for another room');
    return grantOf(claims);
  }

  /** Throws `unauthorized` if there is an API secret and this is not it. */
  requireApiSecret(given: string | undefined): void {
    if (this.#apiSecret === null) return;
    if (given === undefined)
      throw new ServerError('unauthorized', 'this needs Authorization: Bearer with the API secret');
    const secret = Buffer.from(this.#apiSecret);
    const candidate = Buffer.from(given);
    if (candidate.length !== secret.length || !timingSafeEqual(candidate, secret)) {
      throw new ServerError('unauthorized', 'the API secret is wrong');
    }
  }

  async #verify(token: string): Promise<z.output<typeof GrantClaims>> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: ['HS256'],
        audience: AUDIENCE,
        requiredClaims: ['exp'],
        clockTolerance: 5,
      });
      return GrantClaims.parse(payload);
    } catch (error) {
      const expired = (error as { code?: string }).code === 'ERR_JWT_EXPIRED';
      throw new ServerError('unauthorized', expired ? 'the token has expired' : 'the token is not valid');
    }
  }
}

/** Of `Authorization: Bearer …`. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
}
