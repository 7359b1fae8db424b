/**
 * One robot: enters the room, offers, sends its clip if it is a publisher, receives everybody else, adds receiving sections
 * when the server says that some are missing, and comes back by itself when socket or media are lost. Times in ms.
 */
import { createOffer, parseAnswer } from '@efir/rtc';
import type { ClientHub, ClientPeer } from '@efir/sfu';
import { type MissingSections, RoomConnection, type RoomConnectionOptions, type SignalingError } from './connection.js';
import type { RobotPage } from './page.js';
import { type PublishedClips, Publisher } from './publisher.js';
import { RobotSections } from './sections.js';
import { emptySnapshot, type RobotSnapshot } from './snapshot.js';

export interface RobotOptions extends RoomConnectionOptions {
  room: string;
  name: string;
  token?: string;
  hub: ClientHub;
  /** What to publish; null: only receive. */
  clips: PublishedClips | null;
  /** What to show; null: everybody is received, each in a section. */
  page: RobotPage | null;
}

const RETRY_MS = 1000;
/** Between two views; who comes and goes meanwhile is in the next. */
const VIEW_MS = 250;

export class Robot {
  readonly #options: RobotOptions;
  readonly #connection: RoomConnection;
  /** The name as a token: no spaces in SDP. */
  readonly #cname: string;
  #sections = new RobotSections();
  #mids: { audio: string; video: string } | null = null;
  #peer: ClientPeer | null = null;
  #publisher: Publisher | null = null;
  #resume: string | undefined;
  #sessionVersion = 0;
  /** Others' tracks at the last `enter`: the sections to begin with. */
  #expected: MissingSections = { audio: 1, video: 1 };
  /** Offers go out one after the other. */
  #offering: Promise<void> = Promise.resolve();
  #left = false;
  #retry: NodeJS.Timeout | null = null;
  #viewTimer: NodeJS.Timeout | null = null;
  /** The last view, as JSON. */
  #shown = '';

  #startMs = 0;
  #connectedMs: number | null = null;
  #restarts = 0;
  #failure: string | null = null;
  /** Totals of peers that are gone. */
  #past = emptySnapshot();

  constructor(options: RobotOptions) {
    this.#options = options;
    this.#connection = new RoomConnection(options);
    this.#cname = options.name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
    this.#connection.on('missing', ({ audio, video }) => {
      if (!options.page && this.#sections.receive(audio, video)) this.#offerSoon(false);
    });
    this.#connection.on('present', (participant) => {
      options.page?.put(participant);
      this.#showSoon();
    });
    this.#connection.on('absent', (participant) => {
      options.page?.remove(participant);
      this.#showSoon();
    });
    this.#connection.on('media-restart', () => this.#startAnew());
    this.#connection.on('reconnected', () => void this.#enterAgain());
    this.#connection.on('closed', ({ reason, retry }) => {
      if (!retry) this.#failure = `closed by the server: ${reason}`;
    });
  }

  /** Resolves when media can flow; rejects with the reason when the server refuses or can't be reached. */
  async join(): Promise<void> {
    this.#startMs = performance.now();
    await this.#connection.open();
    await this.#enter();
    this.#show();
    await this.#offer(true);
    await this.#peer?.connected();
  }

  /** The swarm's loop calls this every few ms. */
  tick(now: number): void {
    this.#publisher?.tick(now);
  }

  async leave(): Promise<void> {
    this.#left = true;
    if (this.#retry) clearTimeout(this.#retry);
    if (this.#viewTimer) clearTimeout(this.#viewTimer);
    await this.#connection.leave();
    this.#peer?.close();
  }

  snapshot(now: number): RobotSnapshot {
    const snapshot = this.#add(this.#past, this.#peer, now);
    return {
      ...snapshot,
      role: this.#options.clips ? 'publisher' : 'subscriber',
      state: this.#left ? 'left' : this.#failure ? 'failed' : (this.#peer?.state ?? 'new'),
      failure: this.#failure,
      joinMs: this.#connectedMs === null ? null : this.#connectedMs - this.#startMs,
      firstMediaMs: snapshot.firstMediaMs === null ? null : snapshot.firstMediaMs - this.#startMs,
      restarts: this.#restarts,
    };
  }

  async #enter(): Promise<boolean> {
    const { room, name, token, page } = this.#options;
    const request = { room, name, token, resume: this.#resume, mesh: false, batches: true };
    const reply = await this.#connection.enter(request);
    this.#resume = reply.resume;
    if (page) {
      page.begin(reply.participant, reply.participants);
      this.#expected = page.sections;
      this.#shown = '';
      return reply.resumed;
    }
    const tracks = reply.participants.filter(({ id }) => id !== reply.participant).flatMap((other) => other.tracks);
    const audio = tracks.filter((track) => track.kind === 'audio').length;
    this.#expected = { audio: Math.max(1, audio), video: Math.max(1, tracks.length - audio) };
    return reply.resumed;
  }

  async #enterAgain(): Promise<void> {
    if (this.#left || this.#resume === undefined) return;
    try {
      const resumed = await this.#enter();
      this.#show();
      if (!resumed || this.#peer?.state !== 'connected') this.#startAnew();
    } catch (error) {
      this.#failure = (error as Error).message;
    }
  }

  #showSoon(): void {
    if (!this.#options.page || this.#viewTimer || this.#left) return;
    this.#viewTimer = setTimeout(() => {
      this.#viewTimer = null;
      this.#show();
    }, VIEW_MS);
  }

  /** Tells the server what the page shows now, if that is something else. */
  #show(): void {
    const view = this.#options.page?.view();
    const text = JSON.stringify(view);
    if (!view || text === this.#shown) return;
    this.#shown = text;
    this.#connection.view(view).catch((error: SignalingError) => {
      this.#shown = '';
      // Without an answer the connection is lost: it comes again with the next `enter`.
      if (error.code === 'rate-limited') this.#showSoon();
      else if (error.code !== 'timeout' && !this.#left) this.#failure = error.message;
    });
  }

  /** New PeerConnection. */
  #startAnew(): void {
    if (this.#left) return;
    this.#restarts++;
    this.#offerSoon(true);
  }

  #offerSoon(fresh: boolean): void {
    this.#offer(fresh).catch((error: Error) => {
      this.#failure = error.message;
      if (this.#left || this.#retry) return;
      this.#retry = setTimeout(() => {
        this.#retry = null;
        this.#offerSoon(true);
      }, RETRY_MS);
    });
  }

  #offer(fresh: boolean): Promise<void> {
    this.#offering = this.#offering.catch(() => {}).then(() => (this.#left ? undefined : this.#exchange(fresh)));
    return this.#offering;
  }

  async #exchange(fresh: boolean): Promise<void> {
    const { hub } = this.#options;
    if (fresh) this.#renew();
    const peer = this.#peer!;
    const sdp = createOffer({
      ice: peer.localIce,
      fingerprint: hub.fingerprint,
      sections: this.#sections.offered(this.#cname),
      sessionVersion: ++this.#sessionVersion,
    });
    const reply = await this.#connection.offer({ sdp, tracks: this.#sections.tracks(), fresh });
    const answer = parseAnswer(reply.sdp);
    peer.agree({
      remoteIce: answer.ice,
      remoteFingerprints: answer.fingerprints,
      candidates: answer.candidates,
      dtlsRole: answer.dtlsRole,
      sections: this.#sections.agreed(answer.sections, this.#cname),
    });
    this.#failure = null;
  }

  /** A new peer with sections for what we send and what the room held at the last `enter`. */
  #renew(): void {
    const { hub, clips } = this.#options;
    const old = this.#peer;
    if (old) {
      this.#past = this.#add(this.#past, old, performance.now());
      old.removeAllListeners();
      old.close();
    }
    const received = this.#sections.list.filter(({ direction }) => direction === 'recvonly');
    const audio = Math.max(this.#expected.audio, received.filter(({ kind }) => kind === 'audio').length);
    const video = Math.max(this.#expected.video, received.filter(({ kind }) => kind === 'video').length);
    this.#sections = new RobotSections();
    this.#mids = clips ? { audio: this.#sections.send('audio'), video: this.#sections.send('video') } : null;
    this.#sections.receive(audio, video);

    const peer = hub.createPeer(this.#cname);
    this.#peer = peer;
    this.#publisher = null;
    peer.on('state', (state, reason) => {
      const now = performance.now();
      if (state === 'connected') {
        this.#connectedMs ??= now;
        if (clips && this.#mids) this.#publisher = new Publisher(peer, this.#mids, clips, now);
      } else if (state === 'failed' || state === 'closed') {
        this.#failure = reason ?? state;
        if (!this.#left) this.#startAnew();
      }
    });
  }

  #add(past: RobotSnapshot, peer: ClientPeer | null, now: number): RobotSnapshot {
    const sum = { ...past, waitingForKeyFrame: 0, rttMs: peer?.rttMs ?? 0, remoteLoss: peer?.remoteLoss ?? 0 };
    if (!peer) return sum;
    for (const stream of peer.outgoing.values()) {
      sum.sentPackets += stream.packets;
      sum.sentBytes += stream.octets;
      sum.resent += stream.retransmitted;
    }
    for (const stream of peer.incoming) {
      const stats = stream.stats();
      sum.packets += stats.packets;
      sum.bytes += stats.bytes;
      sum.lost += stats.lost;
      sum.repaired += stats.repaired;
      sum.frames += stats.frames;
      sum.freezes += stats.freezes;
      sum.freezeMs += stats.freezeMs;
      sum.keyFrameWaits += stats.keyFrameWaits;
      sum.keyFrameWaitMs += stats.keyFrameWaitMs;
      sum.maxJitterMs = Math.max(sum.maxJitterMs, stats.jitterMs);
      if (stream.video && stream.video.waitedMs(now) > 0) sum.waitingForKeyFrame++;
      if (stats.firstPacketMs !== null) sum.firstMediaMs = Math.min(sum.firstMediaMs ?? Infinity, stats.firstPacketMs);
    }
    return sum;
  }
}
