/** A robot that publishes its clip by WHIP, and by another server when its own is gone. Times in ms. */
import { createOffer, parseAnswer } from '@efir/rtc';
import { type ClientHub, type ClientPeer, Silence } from '@efir/sfu';
import { LAYER_RIDS, type PublishedClips, Publisher } from '../publisher.js';
import { RobotSections } from '../sections.js';
import { addPeer, addPublisher, emptySnapshot, type RobotSnapshot } from '../snapshot.js';
import { endHttpSession, openHttpSession } from './session.js';

export interface BroadcasterOptions {
  urls: readonly string[];
  room: string;
  token?: string;
  hub: ClientHub;
  clips: PublishedClips;
}

const RETRY_MS = 200;
/** A server that says nothing for so long is gone. */
const SILENT_MS = 1000;

export class Broadcaster {
  readonly #options: BroadcasterOptions;
  #peer: ClientPeer | null = null;
  #publisher: Publisher | null = null;
  #location: string | null = null;
  #origin: string | null = null;
  #server = 0;
  #startMs = 0;
  #joinedMs: number | null = null;
  #restarts = 0;
  #failure: string | null = null;
  #left = false;
  /** Feedback packets, which come all the time, and how long none has come. */
  #heard = 0;
  #silence = new Silence(0);

  constructor(options: BroadcasterOptions) {
    this.#options = options;
  }

  /** The server that takes it; null: none. */
  get origin(): string | null {
    return this.#peer?.state === 'connected' ? this.#origin : null;
  }

  async join(): Promise<void> {
    this.#startMs = performance.now();
    await this.#open();
    this.#joinedMs = performance.now();
  }

  tick(now: number): void {
    this.#publisher?.tick(now);
    const peer = this.#peer;
    if (peer?.state !== 'connected' || this.#left) return;
    this.#silence.tick(now);
    if (peer.feedbacks !== this.#heard) {
      this.#heard = peer.feedbacks;
      this.#silence.heard();
    } else if (this.#silence.ms > SILENT_MS) {
      peer.removeAllListeners();
      peer.close();
      void this.#again('the server is silent');
    }
  }

  async leave(): Promise<void> {
    this.#left = true;
    if (this.#location) await endHttpSession(this.#location);
    this.#peer?.close();
  }

  snapshot(now: number): RobotSnapshot {
    const sum = emptySnapshot();
    if (this.#peer) addPeer(sum, this.#peer, now);
    if (this.#publisher) addPublisher(sum, this.#publisher);
    return {
      ...sum,
      role: 'publisher',
      state: this.#left ? 'left' : this.#failure ? 'failed' : (this.#peer?.state ?? 'new'),
      failure: this.#failure,
      joinMs: this.#joinedMs === null ? null : this.#joinedMs - this.#startMs,
      restarts: this.#restarts,
    };
  }

  async #open(): Promise<void> {
    const { hub, urls, room, token, clips } = this.#options;
    const peer = hub.createPeer('broadcaster');
    const sections = new RobotSections();
    const rids = clips.layers > 1 ? LAYER_RIDS.slice(0, clips.layers) : [];
    const mids = { audio: sections.send('audio'), video: sections.send('video', rids), rids };
    try {
      const offer = createOffer({
        ice: peer.localIce,
        fingerprint: hub.fingerprint,
        sections: sections.offered('broadcaster'),
      });
      const session = await openHttpSession(`${urls[this.#server % urls.length]}/whip/${room}`, offer, token);
      this.#location = session.location;
      this.#origin = session.origin;
      const answer = parseAnswer(session.answer);
      peer.agree({
        remoteIce: answer.ice,
        remoteFingerprints: answer.fingerprints,
        candidates: answer.candidates,
        dtlsRole: answer.dtlsRole,
        sections: sections.agreed(answer.sections, 'broadcaster'),
      });
      await peer.connected();
    } catch (error) {
      peer.close();
      throw error;
    }
    this.#peer = peer;
    this.#heard = -1;
    this.#silence = new Silence(performance.now());
    this.#failure = null;
    this.#publisher = new Publisher(peer, mids, clips, performance.now());
    peer.on('state', (state, reason) => {
      if ((state === 'failed' || state === 'closed') && !this.#left) void this.#again(reason ?? state);
    });
  }

  /** At the next server, and the next. */
  async #again(reason: string): Promise<void> {
    this.#failure = reason;
    this.#restarts++;
    while (!this.#left) {
      this.#server++;
      try {
        await this.#open();
        return;
      } catch (error) {
        this.#failure = (error as Error).message;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
