/**
 * The server's end of ICE (RFC 8445 section 2.5): answers checks and sends none; always controlled.
 * A path is an opaque key of the caller's for "this socket, that remote address". Times in ms.
 * Invariant: the selected path has carried a check with valid credentials.
 */
import type { IceParameters } from '../sdp/parameters.js';
import type { TransportAddress } from './address.js';
import { errorResponse, successResponse } from './binding.js';
import { SeenRequests } from './seen-requests.js';
import {
  integrityKey,
  parseStun,
  readUsername,
  STUN_BINDING,
  StunAttribute,
  StunClass,
  verifyIntegrity,
} from './stun.js';

/** Silence after which consent is gone (RFC 7675 section 5.1). */
export const CONSENT_TIMEOUT_MS = 30_000;
/** Paths that are remembered per client; the longest silent one goes first. */
const MAX_PATHS = 16;

export interface IceLiteAgentOptions {
  local: IceParameters;
  remote: IceParameters;
  /** Default 30,000. */
  consentTimeoutMs?: number;
}

/** Why a packet was not accepted. */
export type IceRefusal =
  | 'malformed'
  | 'not-a-request'
  | 'bad-request'
  | 'unauthorized'
  | 'unknown-attribute'
  | 'role-conflict'
  /** A copy of an earlier request, from somewhere else. */
  | 'replayed';

export interface IceLiteResult {
  /** To be sent back on the path the request came from. */
  response: Uint8Array | null;
  /** The request had valid credentials and was answered with success: what comes from this path is the client's. */
  accepted: boolean;
  /** The path if it was selected just now, else null. */
  selected: string | null;
  reason?: IceRefusal;
}

export interface IceLiteCounters {
  accepted: number;
  malformed: number;
  badRequest: number;
  unauthorized: number;
  unknownAttribute: number;
  roleConflict: number;
  replayed: number;
  /** How often the selected path changed. */
  selections: number;
  restarts: number;
}

/** One pair of credentials; an ICE restart makes a new one. */
interface Generation {
  local: IceParameters;
  remote: IceParameters;
  localKey: Uint8Array;
}

export class IceLiteAgent {
  readonly counters: IceLiteCounters = {
    accepted: 0,
    malformed: 0,
    badRequest: 0,
    unauthorized: 0,
    unknownAttribute: 0,
    roleConflict: 0,
    replayed: 0,
    selections: 0,
    restarts: 0,
  };
  readonly #consentTimeoutMs: number;
  #current: Generation;
  /** Credentials from before a restart, until the new ones have nominated a path. */
  #previous: Generation | null = null;
  /** Time of the last valid check by path. */
  readonly #paths = new Map<string, number>();
  #selected: string | null = null;
  readonly #seen = new SeenRequests();
  #nominated = false;
  /** Of the last valid check, or of the first call if there was none yet. */
  #aliveMs: number | null = null;

  constructor(options: IceLiteAgentOptions) {
    this.#current = generation(options.local, options.remote);
    this.#consentTimeoutMs = options.consentTimeoutMs ?? CONSENT_TIMEOUT_MS;
  }

  /** The newest credentials of ours. */
  get local(): IceParameters {
    return this.#current.local;
  }

  get remote(): IceParameters {
    return this.#current.remote;
  }

  /** Where to send to: the newest nominated path, or the first valid one as long as none is nominated. */
  get selected(): string | null {
    return this.#selected;
  }

  /** True once the client has nominated the selected path. */
  get nominated(): boolean {
    return this.#nominated;
  }

  /** Every username fragment of ours under which checks may come now. */
  localFragments(): string[] {
    const fragments = [this.#current.local.usernameFragment];
    if (this.#previous) fragments.push(this.#previous.local.usernameFragment);
    return fragments;
  }

  /** Paths that carried valid checks, the selected one among them. */
  paths(): string[] {
    return [...this.#paths.keys()];
  }

  /**
   * Takes one STUN packet.
   * @param from path it came by
   * @param mapped the sender's address as we see it
   */
  handle(packet: Uint8Array, from: string, mapped: TransportAddress, now: number): IceLiteResult {
    this.#aliveMs ??= now;
    const message = parseStun(packet);
    if (!message) return this.#refuse('malformed', 'malformed', null);
    if (message.class !== StunClass.request || message.method !== STUN_BINDING) return refusal('not-a-request', null);
    const username = readUsername(message);
    if (message.integrityOffset < 0 || !username) {
      return this.#refuse('bad-request', 'badRequest', errorResponse(message, 400));
    }
    const owner = this.#generationOf(username.local);
    if (!owner || !verifyIntegrity(message, owner.localKey)) {
      return this.#refuse('unauthorized', 'unauthorized', errorResponse(message, 401));
    }
    if (message.unknown.length > 0) {
      return this.#refuse('unknown-attribute', 'unknownAttribute', errorResponse(message, 420, owner.localKey));
    }
    if (message.attributes.has(StunAttribute.iceControlled)) {
      return this.#refuse('role-conflict', 'roleConflict', errorResponse(message, 487, owner.localKey));
    }
    const sighting = this.#seen.see(message.transactionId, from);
    if (sighting === 'elsewhere') return this.#refuse('replayed', 'replayed', null);
    const response = successResponse(message, mapped, owner.localKey);
    if (!response) return this.#refuse('bad-request', 'badRequest', null);
    this.counters.accepted++;
    // Only the answer was lost: what the request meant has been done.
    if (sighting === 'again') return { response, accepted: true, selected: null };
    this.#aliveMs = now;
    return {
      response,
      accepted: true,
      selected: this.#validated(message.attributes.has(StunAttribute.useCandidate), owner, from, now),
    };
  }

  /**
   * ICE restart: new credentials beside the old ones. Both are answered and media stays on the old path until the client
   * nominates a path with the new ones. The same credentials again change nothing.
   */
  restart(local: IceParameters, remote: IceParameters): void {
    const { local: ours, remote: theirs } = this.#current;
    if (same(local, ours) && same(remote, theirs)) return;
    // A pair that was restarted away before it nominated anything is forgotten.
    this.#previous ??= this.#current;
    this.#current = generation(local, remote);
    this.counters.restarts++;
  }

  /**
   * The path is gone (its TCP connection closed). If it was the selected one, the one that was checked last takes over.
   * Returns the path to send to from now on, or null.
   */
  closePath(path: string): string | null {
    this.#paths.delete(path);
    if (path !== this.#selected) return this.#selected;
    let newest: string | null = null;
    let newestMs = Number.NEGATIVE_INFINITY;
    for (const [key, lastCheckMs] of this.#paths) {
      if (lastCheckMs >= newestMs) {
        newest = key;
        newestMs = lastCheckMs;
      }
    }
    this.#selected = newest;
    this.#nominated = false;
    if (newest) this.counters.selections++;
    return newest;
  }

  /**
   * Authentic media came from the client. Counts as a sign of life, for clients that check once and then only send (FFmpeg
   * 8.0 does); not for one that we only send to.
   */
  heard(now: number): void {
    if (this.#selected !== null) this.#aliveMs = now;
  }

  /** True when no valid check came for the consent time; the first call starts the clock of a client that never came. */
  expired(now: number): boolean {
    this.#aliveMs ??= now;
    return now - this.#aliveMs > this.#consentTimeoutMs;
  }

  /** Takes note of a valid check; returns the path if it is selected by it. */
  #validated(nominates: boolean, owner: Generation, from: string, now: number): string | null {
    this.#remember(from, now);
    if (nominates) {
      this.#nominated = true;
      // Until the new credentials nominate, the old ones still may: a client can move while it restarts.
      if (owner === this.#current) this.#previous = null;
    }
    if (this.#selected === from || (this.#selected !== null && !nominates)) return null;
    this.#selected = from;
    this.counters.selections++;
    return from;
  }

  #remember(from: string, now: number): void {
    if (!this.#paths.has(from) && this.#paths.size >= MAX_PATHS) this.#forgetOldest();
    this.#paths.set(from, now);
  }

  #forgetOldest(): void {
    let oldest: string | null = null;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const [key, lastCheckMs] of this.#paths) {
      if (key !== this.#selected && lastCheckMs < oldestMs) {
        oldest = key;
        oldestMs = lastCheckMs;
      }
    }
    if (oldest !== null) this.#paths.delete(oldest);
  }

  #generationOf(fragment: string): Generation | null {
    if (this.#current.local.usernameFragment === fragment) return this.#current;
    return this.#previous?.local.usernameFragment === fragment ? this.#previous : null;
  }

  #refuse(reason: IceRefusal, counter: keyof IceLiteCounters, response: Uint8Array | null): IceLiteResult {
    this.counters[counter]++;
    return refusal(reason, response);
  }
}

function refusal(reason: IceRefusal, response: Uint8Array | null): IceLiteResult {
  return { response, accepted: false, selected: null, reason };
}

function generation(local: IceParameters, remote: IceParameters): Generation {
  return { local, remote, localKey: integrityKey(local.password) };
}

function same(a: IceParameters, b: IceParameters): boolean {
  return a.usernameFragment === b.usernameFragment && a.password === b.password;
}
