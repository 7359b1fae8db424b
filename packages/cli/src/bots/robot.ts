/**
 * One robot: enters the room, offers, sends its clip if it is a publisher, receives everybody else or a page of them, adds
 * receiving sections when the server says that some are missing, and comes back by itself when socket or media are lost.
 * Times in ms.
 */
import { createOffer, parseAnswer, type RemoteCandidate } from '@efir/rtc';
import type { ClientHub, ClientPeer } from '@efir/sfu';
import { Busy } from './busy.js';
import { type MissingSections, RoomConnection, type RoomConnectionOptions, type SignalingError } from './connection.js';
import { type LinkProfile, LinkRelay } from './link.js';
import type { RobotPage } from './page.js';
import { LAYER_RIDS, type PublishedClips, type PublishedMids, Publisher } from './publisher.js';
import { RobotSections } from './sections.js';
import { addPeer, addPublisher, emptySnapshot, type RobotSnapshot } from './snapshot.js';
import { Viewing } from './viewing.js';

export interface RobotOptions extends RoomConnectionOptions {
  room: string;
  name: string;
  token?: string;
  hub: ClientHub;
  /** What to publish; null: only receive. */
  clips: PublishedClips | null;
  /** What to show; null: everybody is received, each in a section. */
  page: RobotPage | null;
  /** Between two pages; null: it stays on the first. */
  flipMs: number | null;
  /** Its path to the server; null: as it is. */
  link: LinkProfile | null;
  /** Of what the path does by chance. */
  seed: number;
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
  #mids: PublishedMids | null = null;
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
  /** Totals of peers and publishers that are gone. */
  #past = emptySnapshot();
  readonly #viewing = new Viewing();
  readonly #busy = new Busy();
  #offers = 0;
  #participant = '';
  /** The camera's highest layer that is taken; null: not told yet. */
  #highest: number | null = null;
  #nextFlipMs = Number.POSITIVE_INFINITY;
  #relay: { relay: LinkRelay; target: string } | null = null;

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
    this.#connection.on('assigned', (assignments) => this.#viewing.assigned(assignments));
    this.#connection.on('speaker', (participant) => {
      if (!options.page?.sections.video || !participant || participant === this.#participant) return;
      this.#viewing.speaks(participant, performance.now());
    });
    this.#connection.on('layers', (highest) => {
      this.#highest = highest;
      this.#publisher?.want(highest);
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
    const { page, flipMs } = this.#options;
    const peer = this.#peer;
    if (peer?.state !== 'connected') return;
    this.#busy.look(peer.incoming, now);
    if (!page) return;
    if (now >= this.#nextFlipMs && flipMs !== null) {
      this.#nextFlipMs += flipMs;
      this.#flip(page, now);
    }
    this.#viewing.look(page.tracks(), (mid) => peer.incoming.find(({ options }) => options.mid === mid)?.video ?? null);
  }

  async leave(): Promise<void> {
    this.#left = true;
    if (this.#retry) clearTimeout(this.#retry);
    if (this.#viewTimer) clearTimeout(this.#viewTimer);
    await this.#connection.leave();
    this.#peer?.close();
    this.#relay?.relay.close();
  }

  snapshot(now: number): RobotSnapshot {
    const snapshot = this.#present(now);
    const since = (ms: number | null): number | null => (ms === null ? null : ms - this.#startMs);
    const { fullPageMs, tileMs, pageMs, missed, stageMs, stageMissed } = this.#viewing;
    return {
      ...snapshot,
      role: this.#options.clips ? 'publisher' : 'subscriber',
      state: this.#left ? 'left' : this.#failure ? 'failed' : (this.#peer?.state ?? 'new'),
      failure: this.#failure,
      joinMs: this.#connectedMs === null ? null : this.#connectedMs - this.#startMs,
      firstMediaMs: since(snapshot.firstMediaMs),
      firstAudioMs: since(snapshot.firstAudioMs),
      firstPictureMs: since(snapshot.firstPictureMs),
      fullPageMs: since(fullPageMs),
      ...{ tileMs, pageMs, missedTiles: missed, stageMs, missedStages: stageMissed },
      ...{ mostVoices: this.#busy.mostVoices, mostPictures: this.#busy.mostPictures },
      sdpExchanges: Math.max(0, this.#offers - 1),
      messages: this.#connection.received.messages,
      messageBytes: this.#connection.received.bytes,
      restarts: this.#restarts,
    };
  }

  async #enter(): Promise<boolean> {
    const { room, name, token, page } = this.#options;
    const request = { room, name, token, resume: this.#resume, mesh: false, batches: true };
    const reply = await this.#connection.enter(request);
    this.#resume = reply.resume;
    this.#participant = reply.participant;
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

  /** Turns the page and asks for it at once. */
  #flip(page: RobotPage, now: number): void {
    const before = new Set(page.tracks());
    page.turn();
    this.#viewing.turned(
      page.tracks().filter((track) => !before.has(track)),
      now,
    );
    this.#show();
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
    this.#offers++;
    const reply = await this.#connection.offer({ sdp, tracks: this.#sections.tracks(), fresh });
    const answer = parseAnswer(reply.sdp);
    peer.agree({
      remoteIce: answer.ice,
      remoteFingerprints: answer.fingerprints,
      candidates: await this.#reach(answer.candidates),
      dtlsRole: answer.dtlsRole,
      sections: this.#sections.agreed(answer.sections, this.#cname),
    });
    this.#failure = null;
  }

  /** The server's candidates, or the link's end that stands for them. */
  async #reach(candidates: RemoteCandidate[]): Promise<RemoteCandidate[]> {
    const { link, seed } = this.#options;
    const target = candidates.find(({ protocol, address }) => protocol === 'udp' && address.includes('.'));
    if (!link || !target) return candidates;
    const name = `${target.address}:${target.port}`;
    if (this.#relay?.target !== name) {
      this.#relay?.relay.close();
      this.#relay = { relay: await LinkRelay.open(target, link, seed), target: name };
    }
    return [{ ...target, address: '127.0.0.1', port: this.#relay.relay.port }];
  }

  /** A new peer with sections for what we send and what the room held at the last `enter`. */
  #renew(): void {
    const { hub, clips } = this.#options;
    const old = this.#peer;
    if (old) {
      this.#past = this.#present(performance.now());
      old.removeAllListeners();
      old.close();
    }
    const received = this.#sections.list.filter(({ direction }) => direction === 'recvonly');
    const audio = Math.max(this.#expected.audio, received.filter(({ kind }) => kind === 'audio').length);
    const video = Math.max(this.#expected.video, received.filter(({ kind }) => kind === 'video').length);
    this.#sections = new RobotSections();
    if (clips) {
      const rids = clips.layers > 1 ? LAYER_RIDS.slice(0, clips.layers) : [];
      this.#mids = { audio: this.#sections.send('audio'), video: this.#sections.send('video', rids), rids };
    }
    this.#sections.receive(audio, video);

    const peer = hub.createPeer(this.#cname);
    this.#peer = peer;
    this.#publisher = null;
    this.#highest = null;
    peer.on('state', (state, reason) => {
      const now = performance.now();
      if (state === 'connected') {
        this.#connectedMs ??= now;
        this.#nextFlipMs = now + (this.#options.flipMs ?? Number.POSITIVE_INFINITY);
        if (clips && this.#mids) this.#publisher = new Publisher(peer, this.#mids, clips, now);
        if (this.#highest !== null) this.#publisher?.want(this.#highest);
      } else if (state === 'failed' || state === 'closed') {
        this.#failure = reason ?? state;
        if (!this.#left) this.#startAnew();
      }
    });
  }

  /** Totals up to now, peers that are gone included. */
  #present(now: number): RobotSnapshot {
    const sum = { ...this.#past, waitingForKeyFrame: 0, layersOn: 0, rttMs: 0, remoteLoss: 0 };
    if (this.#peer) addPeer(sum, this.#peer, now);
    if (this.#publisher) addPublisher(sum, this.#publisher);
    return sum;
  }
}
