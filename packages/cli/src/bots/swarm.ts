/** Robots joining at a rate, one loop that plays their clips, and their figures. Times in ms. */
import { ClientHub } from '@efir/sfu';
import { SignalingError } from './connection.js';
import { Broadcaster } from './http/broadcaster.js';
import { WhepViewer } from './http/viewer.js';
import { type Clips, loadClips } from './media/clips.js';
import type { BotsOptions } from './options.js';
import { RobotPage } from './page.js';
import type { PublishedClips } from './publisher.js';
import { Robot } from './robot.js';
import type { RobotSnapshot } from './snapshot.js';
import { Talkers } from './talkers.js';

/** How exactly pictures and speech keep time. */
const PLAY_TICK_MS = 5;
const MANY_SLOTS = 32_768;

/** What a swarm is made of. */
interface SwarmMember {
  join(): Promise<void>;
  tick(now: number): void;
  leave(): Promise<void>;
  snapshot(now: number): RobotSnapshot;
}

export type SwarmOptions = Pick<
  BotsOptions,
  | 'url'
  | 'urls'
  | 'whep'
  | 'whip'
  | 'room'
  | 'rooms'
  | 'publishers'
  | 'subscribers'
  | 'page'
  | 'publisherPage'
  | 'flipMs'
  | 'link'
  | 'layers'
  | 'talkers'
  | 'turnMs'
  | 'joinsPerSecond'
  | 'insecure'
  | 'token'
>;

export class Swarm {
  readonly robots: SwarmMember[] = [];
  readonly #options: SwarmOptions;
  readonly #hub: ClientHub;
  readonly #clips: Clips;
  readonly #timer: NodeJS.Timeout;
  readonly #talkers: Talkers;
  /** Reasons of joins that came to nothing, by robot. */
  readonly #failures = new Map<SwarmMember, string>();
  #stopped = false;

  private constructor(options: SwarmOptions, clips: Clips) {
    this.#options = options;
    this.#clips = clips;
    const robots = options.publishers + options.subscribers;
    // A retransmission reaches back a second or so, whoever sends and receives beside.
    const slots = robots > 40 ? MANY_SLOTS : undefined;
    this.#hub = new ClientHub({ datapath: { maxPeers: Math.max(64, robots * 2), slots } });
    const { rooms, talkers, turnMs } = options;
    const publishers = Math.ceil(options.publishers / rooms);
    this.#talkers = new Talkers({ publishers, talkers, turnMs }, performance.now());
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (const robot of this.robots) robot.tick(now);
    }, PLAY_TICK_MS);
  }

  static async create(options: SwarmOptions): Promise<Swarm> {
    return new Swarm(options, await loadClips());
  }

  /** Publishers first, then subscribers; resolves when every join has succeeded or failed. */
  async join(): Promise<void> {
    const { publishers, subscribers, joinsPerSecond } = this.#options;
    const pauseMs = joinsPerSecond > 0 ? 1000 / joinsPerSecond : 0;
    const joins: Promise<void>[] = [];
    const startMs = performance.now();
    for (let i = 0; i < publishers + subscribers && !this.#stopped; i++) {
      const waitMs = startMs + i * pauseMs - performance.now();
      if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (this.#stopped) break;
      joins.push(this.#start(i));
    }
    await Promise.all(joins);
  }

  snapshots(): RobotSnapshot[] {
    const now = performance.now();
    return this.robots.map((robot) => {
      const snapshot = robot.snapshot(now);
      const failure = this.#failures.get(robot);
      return failure && snapshot.state !== 'connected' ? { ...snapshot, state: 'failed', failure } : snapshot;
    });
  }

  /** All say goodbye. Idempotent. */
  async leave(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#timer);
    await Promise.all(this.robots.map((robot) => robot.leave()));
    this.#hub.close();
  }

  /** `url`: another server than the first one, which said so. */
  async #start(i: number, url = this.#options.url): Promise<void> {
    const { room, rooms, insecure, token, publishers, page, publisherPage, flipMs, link } = this.#options;
    const place = Math.floor(i / rooms);
    const publishes = i < publishers;
    const size = publishes ? publisherPage : page;
    const name = publishes ? `Robot ${i + 1}` : `Listener ${i - publishers + 1}`;
    const where = rooms === 1 ? room : `${room}-${(i % rooms) + 1}`;
    const robot =
      this.#overHttp(i, where) ??
      new Robot({
        url,
        room: where,
        insecure,
        token,
        name,
        hub: this.#hub,
        clips: publishes ? this.#clip(i) : null,
        page: size === null ? null : new RobotPage(size, place * size),
        flipMs: publishes ? null : flipMs,
        link: publishes ? null : link,
        seed: i,
      });
    this.robots.push(robot);
    try {
      await robot.join();
    } catch (error) {
      const elsewhere = error instanceof SignalingError && error.code === 'elsewhere' ? error.url : undefined;
      if (elsewhere !== undefined && elsewhere !== url && !this.#stopped) {
        this.robots.splice(this.robots.indexOf(robot), 1);
        await robot.leave();
        return this.#start(i, elsewhere);
      }
      this.#failures.set(robot, (error as Error).message);
    }
  }

  /** By WHIP or WHEP, if it is to be so. */
  #overHttp(i: number, room: string): SwarmMember | null {
    const { urls, whep, whip, token, publishers } = this.#options;
    const hub = this.#hub;
    if (i < publishers) return whip ? new Broadcaster({ urls, room, token, hub, clips: this.#clip(i) }) : null;
    // Each begins with another server.
    const from = (i - publishers) % urls.length;
    return whep ? new WhepViewer({ urls: [...urls.slice(from), ...urls.slice(0, from)], room, token, hub }) : null;
  }

  #clip(i: number): PublishedClips {
    const { videos, voices } = this.#clips;
    return {
      video: videos[i % videos.length],
      voice: voices[i % voices.length],
      layers: this.#options.layers,
      speaks: (now) => this.#talkers.speaks(Math.floor(i / this.#options.rooms), now),
      // Neighbours with one clip are apart in it.
      phase: (Math.floor(i / videos.length) * 0.37) % 1,
    };
  }
}
