/**
 * A robot that watches by WHEP, as the player does: it goes where it is sent, comes again where there is no place yet, makes a
 * new session before it leaves one that it is asked to leave, and another elsewhere when its server is gone. Times in ms.
 */
import { createOffer, parseAnswer } from '@efir/rtc';
import { type ClientHub, type ClientPeer, Silence } from '@efir/sfu';
import { RobotSections } from '../sections.js';
import { addPeer, emptySnapshot, type RobotSnapshot } from '../snapshot.js';
import { endHttpSession, type HttpSession, isSessionAlive, listen, openHttpSession, TryLater } from './session.js';

export interface WhepViewerOptions {
  /** Servers: the first one is asked first, the others when one doesn't answer. */
  urls: readonly string[];
  room: string;
  token?: string;
  hub: ClientHub;
  /** False: a server without a place is the end of it. */
  patient?: boolean;
}

/** Nothing came for so long: the server is asked whether the session is there. Players look now and then, so not all at once. */
const SILENT_MS = { least: 800, most: 1200 };
/** The same after the connection of its events broke. */
const SUSPICIOUS_MS = { least: 250, most: 450 };
/** Until it is asked again, while nobody sends. */
const ASK_AGAIN_MS = 3000;
/** To the first picture of a new session; then another one is made. */
const START_MS = 8000;
const RETRY_MS = 150;

interface Playing {
  peer: ClientPeer;
  session: HttpSession;
  stop: AbortController;
  /** Since the last picture, or since the server was asked. */
  silence: Silence;
  /** How long it may be silent. */
  patienceMs: number;
  /** A picture of it was the last that was shown. */
  shown: boolean;
}

export class WhepViewer {
  /** Longest time between two pictures, whatever session they came by; from the first one on, and since it was set to 0. */
  longestGapMs = 0;
  moves = 0;
  redirects = 0;
  /** Answers that there is no place. */
  refusals = 0;
  readonly #options: WhepViewerOptions;
  readonly #server: { at: number } = { at: 0 };
  #playing: Playing | null = null;
  /** On its way to be what plays. */
  #next: Promise<void> | null = null;
  #startMs = 0;
  #joinedMs: number | null = null;
  #lastFrameMs = -1;
  #failure: string | null = null;
  #restarts = 0;
  #left = false;
  #past = emptySnapshot();

  constructor(options: WhepViewerOptions) {
    this.#options = options;
  }

  /** The server that it watches at; null: none. */
  get origin(): string | null {
    return this.#playing?.session.origin ?? null;
  }

  get playing(): boolean {
    return this.#playing !== null && this.#lastFrameMs >= 0 && performance.now() - this.#lastFrameMs < 500;
  }

  /** Resolves when media can flow; rejects when it is refused for good. */
  async join(): Promise<void> {
    this.#startMs = performance.now();
    await this.#connect(null);
  }

  tick(now: number): void {
    const playing = this.#playing;
    if (!playing) return;
    let frames = 0;
    for (const { video } of playing.peer.incoming) {
      if (!video) continue;
      frames += video.frames;
      if (video.lastFrameMs > this.#lastFrameMs) {
        // Several frames may have come since we looked last; between two sessions only we know.
        const first = playing.shown ? 0 : video.firstFrameMs - this.#lastFrameMs;
        if (this.#lastFrameMs >= 0) this.longestGapMs = Math.max(this.longestGapMs, first, video.longestGapMs);
        video.longestGapMs = 0;
        playing.shown = true;
        this.#lastFrameMs = video.lastFrameMs;
        playing.silence.heard();
        if (playing.patienceMs === ASK_AGAIN_MS) playing.patienceMs = patience(SILENT_MS);
      }
    }
    // A process that was held up itself must not take all of its servers for gone.
    playing.silence.tick(now);
    if (this.#next || this.#left) return;
    if (frames === 0 && playing.silence.ms > START_MS) this.#again('nothing came');
    else if (frames > 0 && playing.silence.ms > playing.patienceMs) void this.#ask(playing);
  }

  async leave(): Promise<void> {
    this.#left = true;
    const playing = this.#playing;
    this.#playing = null;
    if (!playing) return;
    playing.stop.abort();
    await endHttpSession(playing.session.location);
    playing.peer.close();
  }

  snapshot(now: number): RobotSnapshot {
    const sum = { ...this.#past, waitingForKeyFrame: 0, rttMs: 0, remoteLoss: 0 };
    if (this.#playing) addPeer(sum, this.#playing.peer, now);
    const since = (ms: number | null): number | null => (ms === null ? null : ms - this.#startMs);
    return {
      ...sum,
      role: 'subscriber',
      state: this.#left ? 'left' : this.#failure ? 'failed' : (this.#playing?.peer.state ?? 'new'),
      failure: this.#failure,
      joinMs: since(this.#joinedMs),
      firstMediaMs: since(sum.firstMediaMs),
      firstAudioMs: since(sum.firstAudioMs),
      firstPictureMs: since(sum.firstPictureMs),
      restarts: this.#restarts,
    };
  }

  /** Nothing comes: the session is lost, or nobody sends. */
  async #ask(playing: Playing): Promise<void> {
    playing.silence.heard();
    playing.patienceMs = ASK_AGAIN_MS;
    const alive = await isSessionAlive(playing.session.location);
    if (!alive && this.#playing === playing) this.#again('the server is gone');
  }

  /** A new session; what plays goes on until that one does. */
  #again(reason: string, url: string | null = null): void {
    if (this.#next || this.#left) return;
    this.#restarts++;
    this.#failure = reason;
    this.#next = this.#connect(url)
      .catch((error: Error) => {
        this.#failure = error.message;
      })
      .finally(() => {
        this.#next = null;
      });
  }

  async #connect(url: string | null): Promise<void> {
    const { urls, room, patient = true } = this.#options;
    for (let tries = 0; !this.#left; tries++) {
      const at = tries === 0 && url !== null ? url : `${urls[this.#server.at % urls.length]}/whep/${room}`;
      try {
        await this.#open(at);
        return;
      } catch (error) {
        if (error instanceof TryLater) {
          this.refusals++;
          if (!patient) throw error;
          // Not all at once; and where a home is being found it takes less than they say.
          await pause(
            Math.min(error.retryMs, this.#joinedMs === null ? error.retryMs : 500) * (0.8 + Math.random() * 0.4),
          );
        } else await pause(RETRY_MS);
        this.#server.at++;
        if (!patient && tries >= urls.length) throw error;
      }
    }
  }

  async #open(url: string): Promise<void> {
    const { hub, token } = this.#options;
    const peer = hub.createPeer('viewer');
    const sections = new RobotSections();
    sections.receive(1, 1);
    let playing: Playing | null = null;
    try {
      const offer = createOffer({
        ice: peer.localIce,
        fingerprint: hub.fingerprint,
        sections: sections.offered('viewer'),
      });
      const session = await openHttpSession(url, offer, token);
      this.redirects += session.redirects;
      const answer = parseAnswer(session.answer);
      playing = {
        peer,
        session,
        stop: new AbortController(),
        silence: new Silence(performance.now()),
        patienceMs: patience(SILENT_MS),
        shown: false,
      };
      peer.agree({
        remoteIce: answer.ice,
        remoteFingerprints: answer.fingerprints,
        candidates: answer.candidates,
        dtlsRole: answer.dtlsRole,
        sections: sections.agreed(answer.sections, 'viewer'),
      });
      await peer.connected();
      // What plays is not left for nothing.
      if (this.#playing && performance.now() - this.#lastFrameMs < SILENT_MS.most) await picture(peer);
    } catch (error) {
      peer.close();
      if (playing) void endHttpSession(playing.session.location);
      throw error;
    }
    this.#plays(playing);
  }

  #plays(playing: Playing): void {
    const before = this.#playing;
    const { peer, session, stop } = playing;
    if (before) {
      this.#past = this.snapshot(performance.now());
      before.stop.abort();
      before.peer.removeAllListeners();
      before.peer.close();
      void endHttpSession(before.session.location);
    }
    this.#playing = playing;
    this.#joinedMs ??= performance.now();
    this.#failure = null;
    if (this.#left) {
      void this.leave();
      return;
    }
    peer.on('state', (state, reason) => {
      if (state !== 'failed' && state !== 'closed') return;
      // Not the same one first.
      const { urls } = this.#options;
      if (urls[this.#server.at % urls.length] === session.origin) this.#server.at++;
      this.#again(reason ?? state);
    });
    if (session.events === null) return;
    void listen(session.events, stop.signal, (event, data) => {
      if (event !== 'move' || typeof data.url !== 'string') return;
      this.moves++;
      this.#again('asked to move', data.url);
    }).then(() => {
      playing.patienceMs = patience(SUSPICIOUS_MS);
    });
  }
}

/** Resolves when a whole picture came, or when none does. */
async function picture(peer: ClientPeer): Promise<void> {
  const until = performance.now() + START_MS;
  while (performance.now() < until && peer.state === 'connected') {
    if (peer.incoming.some(({ video }) => video && video.firstFrameMs >= 0)) return;
    await pause(20);
  }
  throw new Error('no picture came by the new session');
}

function patience({ least, most }: { least: number; most: number }): number {
  return least + Math.random() * (most - least);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
