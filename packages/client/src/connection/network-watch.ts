/** What the watch tells; each may come without the others. */
export interface NetworkEvents {
  /** The browser says that there is no network. */
  offline(): void;
  /** The network is there again, is another one, or the machine has slept: what looks alive may be dead. */
  changed(): void;
  /** The page is looked at again: don't wait out pauses between attempts. */
  woken(): void;
}

/** The clock is looked at so often, ms. */
const CLOCK_MS = 2_000;
/** Timers of hidden pages may be late by a minute; a machine that slept is late by more than this while it is looked at, ms. */
const SLEPT_MS = 8_000;

/** Listens to everything by which a browser shows that the network may have changed. */
export class NetworkWatch {
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof setInterval> | undefined;
  private lastTick = Date.now();
  private lastType: string | undefined;

  constructor(private readonly events: NetworkEvents) {}

  start(): void {
    const { signal } = this.controller;
    const { events } = this;
    globalThis.addEventListener?.('online', () => events.changed(), { signal });
    globalThis.addEventListener?.('offline', () => events.offline(), { signal });
    globalThis.document?.addEventListener('visibilitychange', () => this.seen(), { signal });
    globalThis.addEventListener?.('pageshow', (event) => (event as PageTransitionEvent).persisted && events.changed(), {
      signal,
    });
    const connection = (globalThis.navigator as { connection?: EventTarget & { type?: string } } | undefined)
      ?.connection;
    this.lastType = connection?.type;
    // Fired also when the estimate of its speed changes; Wi-Fi to mobile is what matters.
    connection?.addEventListener?.(
      'change',
      () => {
        if (connection.type === this.lastType) return;
        this.lastType = connection.type;
        if (connection.type !== 'none') events.changed();
      },
      { signal },
    );
    this.timer = setInterval(() => this.tick(), CLOCK_MS);
  }

  stop(): void {
    this.controller.abort();
    clearInterval(this.timer);
  }

  private seen(): void {
    if (document.visibilityState === 'visible') this.events.woken();
    this.lastTick = Date.now();
  }

  private tick(): void {
    const now = Date.now();
    const late = now - this.lastTick - CLOCK_MS;
    this.lastTick = now;
    if (late > SLEPT_MS && globalThis.document?.visibilityState !== 'hidden') this.events.changed();
  }
}
