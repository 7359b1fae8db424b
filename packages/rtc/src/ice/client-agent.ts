/**
 * The client's end of ICE, for talking to a server with few candidates: one local socket, full checks, regular nomination
 * (RFC 8445), consent (RFC 7675). The caller sends what `poll` gives and hands in what comes. Times in ms.
 * Invariant: the selected pair has had a successful check; it stays selected through a restart until another is nominated.
 */
import type { IceParameters } from '../sdp/parameters.js';
import { errorResponse, successResponse } from './binding.js';
import { PEER_REFLEXIVE_PRIORITY, type RemoteCandidate } from './candidate.js';
import { type IceSender, keyOf, learnedPair, MAX_PAIRS, makePairs, type Pair } from './pairs.js';
import {
  buildStun,
  integrityKey,
  parseStun,
  readErrorCode,
  readTieBreaker,
  readUsername,
  STUN_BINDING,
  StunAttribute,
  StunClass,
  type StunMessage,
  uint32Attribute,
  uint64Attribute,
  usernameAttribute,
  verifyIntegrity,
} from './stun.js';
import { StunTransaction } from './transaction.js';

export type IceClientState = 'checking' | 'connected' | 'failed';
export type IceRole = 'controlling' | 'controlled';

export interface IceClientAgentOptions {
  local: IceParameters;
  remote: IceParameters;
  /** The server's; those we can't reach (active TCP, RTCP) are left out. */
  candidates: readonly RemoteCandidate[];
  /** 64 random bits, for role conflicts. */
  tieBreaker: bigint;
  /** Uniform in [0, 1), as `Math.random`. */
  random(): number;
  /** Time between new checks (Ta), default 20. */
  pacingMs?: number;
  /** First retransmission time-out, default 250. */
  rtoMs?: number;
  /** How long a better pair is waited for once one works, default 100. */
  nominationDelayMs?: number;
  /** Mean time between consent checks, default 5,000. */
  consentIntervalMs?: number;
  /** A consent check without an answer is followed by the next one after this; default: as ever. */
  consentRetryMs?: number;
  /** Default 30,000. */
  consentTimeoutMs?: number;
}

export interface IceClientResult {
  /** To be sent back where the packet came from. */
  response: Uint8Array | null;
  /** The packet was authentic and belonged to this agent. */
  accepted: boolean;
}

interface Check {
  pair: Pair;
  transaction: StunTransaction;
  purpose: 'check' | 'nominate' | 'consent';
  role: IceRole;
  remoteKey: Uint8Array;
}

export class IceClientAgent {
  readonly #options: Required<Omit<IceClientAgentOptions, 'local' | 'remote' | 'candidates'>>;
  #local: IceParameters;
  #remote: IceParameters;
  #localKey: Uint8Array;
  #remoteKey: Uint8Array;
  #role: IceRole = 'controlling';
  #state: IceClientState = 'checking';
  #failure: string | null = null;
  #pairs: Pair[] = [];
  /** Requests without an answer, by transaction id. */
  readonly #checks = new Map<string, Check>();
  #selected: Pair | null = null;
  #nextCheckMs = Number.NEGATIVE_INFINITY;
  /** When the first pair of this round became valid. */
  #validSinceMs: number | null = null;
  #nextConsentMs = Number.POSITIVE_INFINITY;
  /** When the other side last agreed to be sent to. */
  consentMs = Number.NEGATIVE_INFINITY;
  #roundTripMs: number | null = null;

  constructor(options: IceClientAgentOptions) {
    this.#options = {
      tieBreaker: options.tieBreaker,
      random: () => options.random(),
      pacingMs: options.pacingMs ?? 20,
      rtoMs: options.rtoMs ?? 250,
      nominationDelayMs: options.nominationDelayMs ?? 100,
      consentIntervalMs: options.consentIntervalMs ?? 5_000,
      consentRetryMs: options.consentRetryMs ?? Number.POSITIVE_INFINITY,
      consentTimeoutMs: options.consentTimeoutMs ?? 30_000,
    };
    this.#local = options.local;
    this.#remote = options.remote;
    this.#localKey = integrityKey(options.local.password);
    this.#remoteKey = integrityKey(options.remote.password);
    this.#pairs = makePairs(options.candidates);
  }

  get state(): IceClientState {
    return this.#state;
  }

  /** Why it failed, as a sentence, or null. */
  get failure(): string | null {
    return this.#failure;
  }

  get role(): IceRole {
    return this.#role;
  }

  /** Where to send to, or null before the first nomination. */
  get selected(): RemoteCandidate | null {
    return this.#selected?.candidate ?? null;
  }

  /** Of the last answered check that was sent once, or null. */
  get roundTripMs(): number | null {
    return this.#roundTripMs;
  }

  /** Whether the other side is there must be known soon: the next consent check is due now. */
  hurry(now: number): void {
    if (this.#state === 'connected') this.#nextConsentMs = Math.min(this.#nextConsentMs, now);
  }

  /** When `poll` will have something to do, if nothing comes before. */
  get nextDueMs(): number {
    if (this.#state === 'failed') return Number.POSITIVE_INFINITY;
    let due = this.#nextConsentMs;
    for (const { transaction } of this.#checks.values()) due = Math.min(due, transaction.dueMs);
    if (this.#state === 'checking') {
      if (this.#pairs.some((pair) => pair.state === 'waiting')) due = Math.min(due, this.#nextCheckMs);
      due = Math.min(due, this.#nomination().dueMs);
    }
    return due;
  }

  /** What is to be sent now: first checks at their pace, repetitions, the nomination, consent checks. */
  poll(now: number): { to: RemoteCandidate; packet: Uint8Array }[] {
    const out: { to: RemoteCandidate; packet: Uint8Array }[] = [];
    if (this.#state === 'failed') return out;
    this.#repeat(now, out);
    if (this.#state === 'checking') {
      this.#checkNext(now, out);
      this.#nominate(now, out);
      this.#giveUp();
    } else {
      this.#keepConsent(now, out);
    }
    return out;
  }

  /** Takes one STUN packet. */
  handle(packet: Uint8Array, from: IceSender, now: number): IceClientResult {
    const message = parseStun(packet);
    if (message?.method !== STUN_BINDING || this.#state === 'failed') return { response: null, accepted: false };
    if (message.class === StunClass.request) return this.#answer(message, from, now);
    if (message.class === StunClass.indication) return { response: null, accepted: false };
    return { response: null, accepted: this.#settle(message, from, now) };
  }

  /**
   * ICE restart with new credentials of both sides (RFC 8445 section 9). The pair selected so far stays so until another is
   * nominated. Also revives a failed agent.
   */
  restart(local: IceParameters, remote: IceParameters, candidates?: readonly RemoteCandidate[]): void {
    this.#local = local;
    this.#remote = remote;
    this.#localKey = integrityKey(local.password);
    this.#remoteKey = integrityKey(remote.password);
    this.#recheck(candidates ?? this.#pairs.map((pair) => pair.candidate));
  }

  /** Our own address has changed (new socket): checks and nominates again with the same credentials. */
  moved(): void {
    this.#recheck(this.#pairs.map((pair) => pair.candidate));
  }

  /** The caller can't send there (no such family, TCP connection refused or closed). */
  unreachable(candidate: RemoteCandidate): void {
    const pair = this.#find(keyOf(candidate));
    if (!pair) return;
    pair.state = 'failed';
    this.#forgetChecks((check) => check.pair === pair);
    if (this.#selected === pair) this.#recheck(this.#pairs.map((known) => known.candidate));
  }

  #recheck(candidates: readonly RemoteCandidate[]): void {
    this.#checks.clear();
    this.#pairs = makePairs(candidates);
    this.#state = 'checking';
    this.#failure = null;
    this.#validSinceMs = null;
    this.#nextCheckMs = Number.NEGATIVE_INFINITY;
    this.#nextConsentMs = Number.POSITIVE_INFINITY;
  }

  #repeat(now: number, out: { to: RemoteCandidate; packet: Uint8Array }[]): void {
    for (const [id, check] of this.#checks) {
      const what = check.transaction.poll(now);
      if (what === 'wait') continue;
      if (check.purpose === 'consent') this.#checks.delete(id);
      else if (what === 'send') out.push({ to: check.pair.candidate, packet: check.transaction.packet });
      else {
        this.#checks.delete(id);
        check.pair.state = 'failed';
      }
    }
  }

  #checkNext(now: number, out: { to: RemoteCandidate; packet: Uint8Array }[]): void {
    if (now < this.#nextCheckMs) return;
    const pair = this.#pairs.find((candidate) => candidate.state === 'waiting');
    if (!pair) return;
    pair.state = 'checking';
    this.#nextCheckMs = now + this.#options.pacingMs;
    out.push(this.#request(pair, 'check', now));
  }

  #nominate(now: number, out: { to: RemoteCandidate; packet: Uint8Array }[]): void {
    const { pair, dueMs } = this.#nomination();
    if (pair && now >= dueMs) out.push(this.#request(pair, 'nominate', now));
  }

  /** The best valid pair, due at once or, while a better one is under way, when that has been waited for long enough. */
  #nomination(): { pair: Pair | null; dueMs: number } {
    const best = this.#pairs.findIndex((pair) => pair.state === 'valid');
    const underWay = [...this.#checks.values()].some((check) => check.purpose === 'nominate');
    if (this.#role !== 'controlling' || this.#validSinceMs === null || best < 0 || underWay) {
      return { pair: null, dueMs: Number.POSITIVE_INFINITY };
    }
    const open = this.#pairs.slice(0, best).some(({ state }) => state === 'waiting' || state === 'checking');
    return { pair: this.#pairs[best], dueMs: this.#validSinceMs + (open ? this.#options.nominationDelayMs : 0) };
  }

  #giveUp(): void {
    if (this.#pairs.every((pair) => pair.state === 'failed')) this.#fail('None of the candidates answered.');
  }

  #keepConsent(now: number, out: { to: RemoteCandidate; packet: Uint8Array }[]): void {
    const pair = this.#selected;
    if (!pair || now < this.#nextConsentMs) return;
    if (now - this.consentMs > this.#options.consentTimeoutMs) {
      this.#fail('Consent is gone: the other side does not answer any more.');
      return;
    }
    this.#scheduleConsent(now);
    this.#nextConsentMs = Math.min(this.#nextConsentMs, now + this.#options.consentRetryMs);
    out.push(this.#request(pair, 'consent', now));
  }

  /** RFC 7675 section 5.1: spread by 0.8 to 1.2. */
  #scheduleConsent(now: number): void {
    this.#nextConsentMs = now + this.#options.consentIntervalMs * (0.8 + 0.4 * this.#options.random());
  }

  #request(pair: Pair, purpose: Check['purpose'], now: number): { to: RemoteCandidate; packet: Uint8Array } {
    const { random, tieBreaker, rtoMs, consentTimeoutMs } = this.#options;
    const transactionId = Uint8Array.from({ length: 12 }, () => Math.floor(random() * 256));
    const controlling = this.#role === 'controlling';
    const attributes: [number, Uint8Array][] = [
      usernameAttribute(`${this.#remote.usernameFragment}:${this.#local.usernameFragment}`),
      uint32Attribute(StunAttribute.priority, PEER_REFLEXIVE_PRIORITY),
      uint64Attribute(controlling ? StunAttribute.iceControlling : StunAttribute.iceControlled, tieBreaker),
    ];
    if (purpose === 'nominate') attributes.push([StunAttribute.useCandidate, new Uint8Array(0)]);
    const key = this.#remoteKey;
    const packet = buildStun({ class: StunClass.request, transactionId, attributes, key });
    // Consent checks are sent once each; one is forgotten when it can't tell anything any more.
    const transaction =
      purpose === 'consent'
        ? new StunTransaction(packet, now, consentTimeoutMs, false)
        : new StunTransaction(packet, now, rtoMs, pair.candidate.protocol === 'tcp');
    this.#checks.set(idOf(transactionId), { pair, transaction, purpose, role: this.#role, remoteKey: key });
    return { to: pair.candidate, packet };
  }

  /** A response to one of our requests. False if it isn't. */
  #settle(message: StunMessage, from: IceSender, now: number): boolean {
    const id = idOf(message.transactionId);
    const check = this.#checks.get(id);
    // The answer must come from where the request went (RFC 8445 section 7.2.5.2.1).
    if (!check || check.pair.key !== keyOf(from)) return false;
    const authentic = verifyIntegrity(message, check.remoteKey);
    if (message.class === StunClass.success) {
      if (!authentic || message.unknown.length > 0) return false;
      this.#checks.delete(id);
      this.#succeeded(check, now);
      return true;
    }
    const code = readErrorCode(message);
    // Who doesn't know our credentials can't sign (RFC 8489 section 9.1.4); all else must be signed.
    if (!authentic && code !== 400 && code !== 401) return false;
    this.#checks.delete(id);
    if (code === 487) this.#switchRole(check);
    else this.#refused(check, code);
    return true;
  }

  #succeeded({ pair, transaction, purpose }: Check, now: number): void {
    if (transaction.measuresRtt) this.#roundTripMs = now - transaction.sentMs;
    if (purpose === 'consent') {
      this.consentMs = now;
      this.#scheduleConsent(now);
      return;
    }
    pair.state = 'valid';
    this.#validSinceMs ??= now;
    if (purpose === 'nominate' || (this.#role === 'controlled' && pair.nominatedByPeer)) this.#select(pair, now);
  }

  #refused({ pair, purpose }: Check, code: number | null): void {
    pair.state = 'failed';
    if (purpose === 'consent') this.#fail(`The other side refuses consent (${code ?? 'no code'}).`);
    else if (this.#pairs.every((known) => known.state === 'failed')) {
      this.#fail(`The other side refuses the credentials (${code ?? 'no code'}).`);
    }
  }

  /** 487: both sides wanted the same role; the check goes out again with the other one (RFC 8445 section 7.2.5.1). */
  #switchRole({ pair, role, purpose }: Check): void {
    if (this.#role === role) this.#role = role === 'controlling' ? 'controlled' : 'controlling';
    if (purpose !== 'consent') pair.state = 'waiting';
  }

  #select(pair: Pair, now: number): void {
    this.#selected = pair;
    this.#state = 'connected';
    this.consentMs = now;
    this.#forgetChecks((check) => check.purpose !== 'consent');
    this.#scheduleConsent(now);
  }

  /** A check of the other side: answered, and answered back by one of ours if that is news (RFC 8445 section 7.3). */
  #answer(request: StunMessage, from: IceSender, now: number): IceClientResult {
    const username = readUsername(request);
    if (request.integrityOffset < 0 || !username) return { response: errorResponse(request, 400), accepted: false };
    if (username.local !== this.#local.usernameFragment || !verifyIntegrity(request, this.#localKey)) {
      return { response: errorResponse(request, 401), accepted: false };
    }
    if (request.unknown.length > 0) return { response: errorResponse(request, 420, this.#localKey), accepted: false };
    if (!this.#resolveRoles(request)) return { response: errorResponse(request, 487, this.#localKey), accepted: false };
    const pair = this.#find(keyOf(from)) ?? this.#learn(from);
    if (pair && this.#role === 'controlled' && request.attributes.has(StunAttribute.useCandidate)) {
      pair.nominatedByPeer = true;
      if (pair.state === 'valid' && this.#selected !== pair) this.#select(pair, now);
    }
    if (pair?.state === 'failed') pair.state = 'waiting';
    return { response: successResponse(request, from, this.#localKey), accepted: true };
  }

  /** Settles a role conflict by tie-breaker (RFC 8445 section 7.3.1.1); false: the other side has to change. */
  #resolveRoles(request: StunMessage): boolean {
    const theirs = readTieBreaker(request, this.#role);
    if (theirs === null) return true;
    const weStayControlling = this.#options.tieBreaker >= theirs;
    if (weStayControlling === (this.#role === 'controlling')) return false;
    this.#role = weStayControlling ? 'controlling' : 'controlled';
    return true;
  }

  /** A peer-reflexive candidate. */
  #learn(from: IceSender): Pair | null {
    if (this.#pairs.length >= MAX_PAIRS) return null;
    const pair = learnedPair(from);
    this.#pairs.push(pair);
    return pair;
  }

  #find(key: string): Pair | undefined {
    return this.#pairs.find((pair) => pair.key === key);
  }

  #forgetChecks(which: (check: Check) => boolean): void {
    for (const [id, check] of this.#checks) if (which(check)) this.#checks.delete(id);
  }

  #fail(why: string): void {
    this.#state = 'failed';
    this.#failure = why;
    this.#checks.clear();
  }
}

function idOf(transactionId: Uint8Array): string {
  return transactionId.join('.');
}
