import type { BrowserPage, TestBrowser } from './browsers.js';
import { type ProbeOptions, type Reading, readStats, readVideos, type StreamReading } from './probe.js';
import { until } from './until.js';

/** Somebody in a room, in a browser. */
export class Participant {
  private constructor(
    readonly name: string,
    readonly page: BrowserPage,
    readonly browser: TestBrowser['name'],
  ) {}

  /** Opens `/room/{room}?name={name}`; `query` goes along. Returns when the page has loaded, not when media flows. */
  static async join(
    browser: TestBrowser,
    url: string,
    room: string,
    name: string,
    { query = {}, probe }: { query?: Record<string, string>; probe?: ProbeOptions } = {},
  ): Promise<Participant> {
    const page = await browser.open(probe);
    await page.goto(`${url}/room/${room}?${new URLSearchParams({ name, ...query })}`);
    return new Participant(name, page, browser.name);
  }

  /** Opens the first page of the app, from which one `enter`s. */
  static async arrive(
    browser: TestBrowser,
    url: string,
    name: string,
    { probe }: { probe?: ProbeOptions } = {},
  ): Promise<Participant> {
    const page = await browser.open(probe);
    await page.goto(url);
    return new Participant(name, page, browser.name);
  }

  /** Goes from one page of the app to a room's, without loading anything. */
  async enter(room: string, query: Record<string, string> = {}): Promise<void> {
    const to = `/room/${room}?${new URLSearchParams({ name: this.name, ...query })}`;
    await this.page.evaluate((to) => history.pushState(null, '', to), to);
  }

  stats(): Promise<Reading> {
    return this.page.evaluate(readStats, undefined);
  }

  /** Names on the tiles of people, one's own included, in order of the alphabet. */
  tiles(): Promise<string[]> {
    return this.page.evaluate(() => {
      const tiles = document.querySelectorAll<HTMLElement>('article.tile[data-source="camera"]');
      return [...tiles].map((tile) => tile.dataset.name ?? '').sort();
    }, undefined);
  }

  /** Id of the participant whose tile has this name, or null. */
  participantOf(name: string): Promise<string | null> {
    return this.page.evaluate((name) => {
      const tile = document.querySelector<HTMLElement>(`article.tile[data-name="${name}"]`);
      return tile?.dataset.participant ?? null;
    }, name);
  }

  /** Waits until the tiles are of exactly these people, in order of the alphabet. */
  async showsTiles(names: string[], within = 10_000): Promise<void> {
    let tiles: string[] = [];
    await until(
      async () => {
        tiles = await this.tiles();
        return tiles.join() === names.join();
      },
      { within, what: `${this.name} has tiles of ${names.join(', ')}` },
      () => tiles,
    );
  }

  videos(): Promise<{ width: number; time: number; paused: boolean }[]> {
    return this.page.evaluate(readVideos, undefined);
  }

  /**
   * Waits until exactly `count` remote videos are being decoded, all at once. `newerThan`: on peer connections made after the
   * first so many.
   */
  async sees(count: number, within = 20_000, newerThan = 0): Promise<void> {
    let playing: StreamReading[] = [];
    await until(
      async () => {
        playing = (await this.playing()).filter((stream) => stream.peer >= newerThan);
        return playing.length === count;
      },
      { within, what: `${this.name} sees ${count} of the others`, every: 50 },
      async () => ({ playing: playing.length, ...summary(await this.stats()), console: this.page.console.slice(-10) }),
    );
  }

  /** Peer connections that the page has made so far. */
  peerConnections(): Promise<number> {
    return this.page.evaluate(() => window.efirPeers.length, undefined);
  }

  /** Inbound video streams that decode frames right now: looks twice, `gapMs` apart. */
  async playing(gapMs = 300): Promise<StreamReading[]> {
    const before = await this.stats();
    await new Promise((resolve) => setTimeout(resolve, gapMs));
    const after = await this.stats();
    return after.inbound.filter((stream) => {
      if (stream.kind !== 'video') return false;
      const old = before.inbound.find((one) => one.peer === stream.peer && one.mid === stream.mid);
      return stream.frames > (old?.frames ?? 0);
    });
  }

  /** For each remote video: ms from its track's arrival to its first decoded frame. Waits for those under way. */
  async firstFrameWaits(): Promise<number[]> {
    const frames = await this.page.evaluate(() => Object.values(window.efirFirstFrames), undefined);
    return frames.flatMap(({ trackAt, frameAt }) => (frameAt === null ? [] : [frameAt - trackAt]));
  }

  /** Waits until at least `count` remote audio tracks are above silence. */
  async hears(count: number, within = 10_000): Promise<void> {
    const first = await this.stats();
    const loudOnes = async () => {
      const now = await this.stats();
      return now.inbound.filter((stream) => {
        const old = first.inbound.find((one) => one.peer === stream.peer && one.mid === stream.mid);
        return stream.kind === 'audio' && stream.energy > (old?.energy ?? 0) + 1e-6;
      }).length;
    };
    await until(
      async () => (await loudOnes()) >= count,
      { within, what: `${this.name} hears ${count} of the others` },
      async () => summary(await this.stats()),
    );
  }

  /** Frames a second over a span of `ms`, of each playing remote video. */
  async frameRates(ms: number): Promise<number[]> {
    const before = await this.stats();
    await new Promise((resolve) => setTimeout(resolve, ms));
    const after = await this.stats();
    return after.inbound
      .filter((stream) => stream.kind === 'video' && stream.frames > 0)
      .map((stream) => {
        const old = before.inbound.find((one) => one.peer === stream.peer && one.mid === stream.mid);
        return ((stream.frames - (old?.frames ?? 0)) * 1000) / (after.at - before.at);
      });
  }

  close(): Promise<void> {
    return this.page.close();
  }
}

/** What is worth reading of a reading when a test fails. */
export function summary({ peers, inbound, outbound, paths }: Reading): Record<string, unknown> {
  const line = (s: StreamReading) =>
    `${s.peer}/${s.mid} ${s.codec || s.kind} ${s.packets}p ${s.frames}f ${s.width}w lost ${s.lost} nack ${s.nacks} pli ${s.plis} rtx ${s.retransmitted}`;
  return { peers, paths, inbound: inbound.map(line), outbound: outbound.map(line) };
}
