/**
 * Watches one room by WHEP and keeps it playing: asks again while it isn't on air or all places are taken, makes a new session
 * when one is lost, and moves to another server when told to. What is shown stays until the next has a picture.
 */
import { Backoff } from '../connection/backoff.js';
import { Emitter } from '../emitter.js';
import { EfirError, type EfirErrorCode } from '../errors.js';
import type { Playout } from '../options.js';
import { Endpoints } from './endpoints.js';
import type { Refused } from './offer.js';
import { WhepSession } from './session.js';
import { listen } from './session-events.js';
import { Silence } from './silence.js';

export interface PlayerOptions {
  /** `https://…/whep/{room}`; the page's own server by a path alone. */
  url: string;
  token?: string;
  playout?: Playout;
}

/** Nobody sends; no server has place; none can be reached. */
export type WaitReason = 'not-on-air' | 'no-place' | 'unreachable';

export type PlayerState =
  | { at: 'idle' }
  /** For the first time. */
  | { at: 'connecting' }
  | { at: 'playing' }
  /** There is a session, and nobody sends. */
  | { at: 'quiet' }
  /** The session is lost, a new one is being made; the last picture stays. */
  | { at: 'reconnecting' }
  /** Until `retryAt`, by `Date.now()`. */
  | { at: 'waiting'; why: WaitReason; retryAt: number; error: EfirError }
  /** Asking again is of no use: a wrong token, no support. */
  | { at: 'refused'; error: EfirError };

export interface PlayerEvents {
  state: { state: PlayerState; previous: PlayerState };
  /** To be shown from now on; the one before goes on for a second, so that nothing flickers. Null after `stop`. */
  stream: { stream: MediaStream | null };
  /** Another server wanted the player, and it went (or couldn't). */
  moved: { url: string; ok: boolean };
}

/** All in ms. */
const TIMES = {
  look: 200,
  /** Two sessions side by side after a change. */
  overlap: 1_000,
  /** Waits shorter than this are not worth a notice. */
  notable: 1_000,
  notOnAir: 3_000,
  moveAgain: 1_500,
} as const;
const MOVE_ATTEMPTS = 5;
const NO_PLACE: ReadonlySet<EfirErrorCode> = new Set<EfirErrorCode>(['room-full', 'unavailable', 'rate-limited']);

export class WhepPlayer extends Emitter<PlayerEvents> {
  state: PlayerState = { at: 'idle' };
  stream: MediaStream | null = null;
  readonly #endpoints: Endpoints;
  readonly #backoff = new Backoff(250, 8_000, Math.random, 2_000);
  #playout: Playout;
  #session: WhepSession | null = null;
  /** Of the session: looking at it, its events. */
  #watching: (() => void) | null = null;
  /** Of what is being done now; aborted by what takes its place. */
  #work: AbortController | null = null;
  #moving: AbortController | null = null;
  #wake: (() => void) | null = null;

  constructor(private readonly options: PlayerOptions) {
    super();
    this.#endpoints = new Endpoints(options.url);
    this.#playout = options.playout ?? 'interactive';
  }

  /** Again after `stop` or a refusal, too. */
  start(): void {
    if (this.#work || this.#session) return;
    this.#become({ at: 'connecting' });
    void this.#renew();
  }

  /** Ends the session, also while the page goes away. */
  stop(): void {
    this.#work?.abort();
    this.#moving?.abort();
    this.#work = this.#moving = null;
    this.#leave(0);
    this.stream = null;
    this.emit('stream', { stream: null });
    this.#become({ at: 'idle' });
  }

  /** Doesn't wait any longer: the network is back, or somebody pressed the button. */
  retry(): void {
    this.#wake?.();
  }

  setPlayout(playout: Playout): void {
    this.#playout = playout;
    this.#session?.setPlayout(playout);
  }

  /**
   * Makes a session at another address and changes over when its first picture is there. False: that didn't work (or another
   * change came first), and all is as it was.
   */
  async moveTo(url: string): Promise<boolean> {
    this.#endpoints.add([url]);
    if (!this.#session || this.#work) return false;
    this.#moving?.abort();
    const moving = new AbortController();
    this.#moving = moving;
    const next = await this.#open(url, moving.signal);
    const ok = next instanceof WhepSession && !moving.signal.aborted;
    if (this.#moving === moving) this.#moving = null;
    if (ok) this.#adopt(next);
    else if (next instanceof WhepSession) next.end();
    this.emit('moved', { url, ok });
    return ok;
  }

  /** Asks around until there is a session. */
  async #renew(): Promise<void> {
    this.#moving?.abort();
    this.#work?.abort();
    const work = new AbortController();
    this.#work = work;
    const { signal } = work;
    while (!signal.aborted) {
      const outcome = await this.#openAny(signal);
      if (outcome instanceof WhepSession) {
        if (signal.aborted) return outcome.end();
        this.#work = null;
        return this.#adopt(outcome);
      }
      if (signal.aborted) return;
      if (outcome.final) {
        this.#work = null;
        this.#leave(0);
        this.#become({ at: 'refused', error: outcome.error });
        return;
      }
      await this.#wait(outcome, signal);
      if (signal.aborted) return;
      this.#become({ at: this.stream ? 'reconnecting' : 'connecting' });
    }
  }

  async #openAny(signal: AbortSignal): Promise<WhepSession | Refused> {
    const urls = this.#endpoints.inOrder();
    let refusal: Refused | null = null;
    for (const [index, url] of urls.entries()) {
      const outcome = await this.#open(url, signal, index < urls.length - 1);
      if (outcome instanceof WhepSession || signal.aborted) return outcome;
      // What a server said counts for more than that another one is silent.
      if (!refusal || refusal.error.code === 'signalling' || refusal.error.code === 'timeout') refusal = outcome;
    }
    return refusal as Refused;
  }

  /** While something is shown, only with a picture to take its place. */
  async #open(url: string, signal: AbortSignal, hasty = false): Promise<WhepSession | Refused> {
    const { token } = this.options;
    const session = await WhepSession.open({ endpoint: url, token, playout: this.#playout, hasty }, signal);
    if (!(session instanceof WhepSession)) return session;
    if (!this.#session) return session;
    const outcome = await session.shows(signal);
    const moving = this.#moving?.signal === signal;
    if (outcome === 'media' || (outcome === 'nothing' && !moving)) return session;
    session.end();
    const error = new EfirError('media-blocked', 'No media came through.');
    return { ok: false, error, retryAfterMs: null, final: false };
  }

  #adopt(session: WhepSession): void {
    this.#leave(TIMES.overlap);
    this.#session = session;
    this.#endpoints.add([session.endpoint, ...session.alternates]);
    this.stream = session.stream;
    this.emit('stream', { stream: session.stream });
    this.#watching = this.#watch(session);
  }

  /** Gives up the session that there is, the media after `overlap` ms. */
  #leave(overlap: number): void {
    this.#watching?.();
    this.#watching = null;
    const session = this.#session;
    this.#session = null;
    if (!session) return;
    if (overlap > 0) setTimeout(() => session.end(), overlap);
    else session.end();
  }

  #watch(session: WhepSession): () => void {
    let over = false;
    const silence = new Silence(performance.now());
    const openedAt = performance.now();
    const lost = () => {
      if (over || this.#work) return;
      this.#endpoints.failed(session.endpoint);
      this.#become({ at: 'reconnecting' });
      void this.#renew();
    };
    const look = async () => {
      const { packets } = await session.received();
      const now = performance.now();
      if (over || this.#work) return;
      silence.read(packets, now);
      if (!session.connected) {
        if (now - openedAt > 10_000) lost();
      } else if (silence.quiet(now)) this.#become({ at: 'quiet' });
      else if (silence.heard) {
        this.#backoff.reset();
        this.#become({ at: 'playing' });
      }
      if (session.connected && silence.ask(now) && !(await session.alive())) lost();
    };
    session.onLost = lost;
    const timer = setInterval(() => void look(), TIMES.look);
    const deaf = session.events
      ? listen(session.events, {
          move: (url) => void this.#obey(url, session),
          alternates: (urls) => this.#endpoints.add(urls),
          end: lost,
          broken: () => silence.suspect(),
        })
      : null;
    return () => {
      over = true;
      session.onLost = null;
      clearInterval(timer);
      deaf?.();
    };
  }

  /** Told by the server to move: tries it a few times, as the servers may be busy with others who move. */
  async #obey(url: string, session: WhepSession): Promise<void> {
    for (let attempt = 0; attempt < MOVE_ATTEMPTS; attempt++) {
      if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, TIMES.moveAgain));
      if (this.#session !== session || (await this.moveTo(url))) return;
    }
  }

  async #wait({ error, retryAfterMs }: Refused, signal: AbortSignal): Promise<void> {
    const { code } = error;
    const why: WaitReason = code === 'not-found' ? 'not-on-air' : NO_PLACE.has(code) ? 'no-place' : 'unreachable';
    const ms = retryAfterMs ?? (why === 'not-on-air' ? TIMES.notOnAir : this.#backoff.next());
    // Many have been told the same.
    const spread = ms * (1 + Math.random() / 4);
    if (spread >= TIMES.notable) this.#become({ at: 'waiting', why, retryAt: Date.now() + spread, error });
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, spread);
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }

  #become(state: PlayerState): void {
    const previous = this.state;
    if (previous.at === state.at && state.at !== 'waiting') return;
    this.state = state;
    this.emit('state', { state, previous });
  }
}
