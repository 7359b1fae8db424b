/** Robots that watch: they join at a rate, and what each of them misses is taken while something happens. Times in ms. */
import type { WhepViewer } from '@efir/cli';

export interface Quantiles {
  p50: number;
  p95: number;
  max: number;
}

const TICK_MS = 5;
const LOOK_MS = 20;
const PICTURE_MS = 20_000;
/** What is felt is felt by then. */
const AFTER_MS = 1000;

export class Audience {
  readonly viewers: WhepViewer[] = [];
  /** The longest since `begin` that this process itself could not attend to its robots. */
  #heldUpMs = 0;
  readonly #ticking: NodeJS.Timeout;
  #tickMs = performance.now();

  constructor() {
    this.#ticking = setInterval(() => {
      const now = performance.now();
      this.#heldUpMs = Math.max(this.#heldUpMs, Math.round(now - this.#tickMs - TICK_MS));
      this.#tickMs = now;
      for (const viewer of this.viewers) viewer.tick(now);
    }, TICK_MS);
  }

  /** More of them, so many a second; ms of each until its first picture. */
  async join(count: number, rate: number, watch: () => WhepViewer): Promise<number[]> {
    const started = performance.now();
    const times: Promise<number>[] = [];
    for (let i = 0; i < count; i++) {
      const pause = started + (i * 1000) / rate - performance.now();
      if (pause > 1) await wait(pause);
      const viewer = watch();
      this.viewers.push(viewer);
      times.push(untilPicture(viewer));
    }
    return Promise.all(times);
  }

  /** Gaps are counted from now on. */
  begin(): void {
    for (const viewer of this.viewers) viewer.longestGapMs = 0;
    this.#heldUpMs = 0;
  }

  /** What comes to all of them meanwhile. */
  async watched(ms: number): Promise<{ bps: number; packetsPerSecond: number; tookMs: number }> {
    const before = this.#received();
    const started = performance.now();
    await wait(ms);
    const tookMs = performance.now() - started;
    const after = this.#received();
    const perSecond = (count: number): number => (count * 1000) / tookMs;
    return {
      bps: perSecond((after.bytes - before.bytes) * 8),
      packetsPerSecond: perSecond(after.packets - before.packets),
      tookMs,
    };
  }

  /** A server is lost by `act`: what those feel who watch there, and what the others do. */
  async without(url: string, act: () => Promise<void>, log: (line: string) => void, what: string) {
    const concerned = this.viewers.filter(({ origin }) => origin === url);
    const others = this.viewers.filter((viewer) => !concerned.includes(viewer));
    log(`${what} with ${concerned.length} viewers`);
    this.begin();
    const started = performance.now();
    await act();
    const left = ({ origin, playing }: WhepViewer): boolean => playing && origin !== null && origin !== url;
    await until(() => concerned.every(left), PICTURE_MS);
    const tookMs = Math.round(performance.now() - started);
    await wait(AFTER_MS);
    const gaps = { concerned: this.gaps(concerned), others: this.gaps(others) };
    return { viewers: concerned.length, tookMs, ...gaps, robotsHeldUpMs: this.#heldUpMs };
  }

  /** All of them lose the picture by `act`; until they have it again. */
  async interrupted(act: () => Promise<void>) {
    this.begin();
    await act();
    await wait(AFTER_MS);
    await until(() => this.viewers.every(({ playing }) => playing), PICTURE_MS);
    await wait(AFTER_MS);
    return { ...this.gaps(), robotsHeldUpMs: this.#heldUpMs };
  }

  /** Longest times without a picture. */
  gaps(viewers: readonly WhepViewer[] = this.viewers): Quantiles {
    return this.quantiles(viewers.map(({ longestGapMs }) => longestGapMs));
  }

  quantiles(values: readonly number[]): Quantiles {
    const sorted = [...values].sort((a, b) => a - b);
    const at = (share: number): number =>
      Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0);
    return { p50: at(0.5), p95: at(0.95), max: at(1) };
  }

  close(): void {
    clearInterval(this.#ticking);
  }

  #received(): { bytes: number; packets: number } {
    const now = performance.now();
    const snapshots = this.viewers.map((viewer) => viewer.snapshot(now));
    return {
      bytes: snapshots.reduce((sum, { bytes }) => sum + bytes, 0),
      packets: snapshots.reduce((sum, { packets }) => sum + packets, 0),
    };
  }
}

async function untilPicture(viewer: WhepViewer): Promise<number> {
  const started = performance.now();
  await viewer.join();
  await until(() => viewer.playing, PICTURE_MS);
  return performance.now() - started;
}

async function until(condition: () => boolean, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline && !condition()) await wait(LOOK_MS);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
