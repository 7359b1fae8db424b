/**
 * Sound that the browser refused to start before the person touched the page. Elements that were refused wait here
 * until `start()` is called from a click.
 */
export class Playback {
  private readonly waiting = new Set<HTMLMediaElement>();
  private readonly listeners = new Set<() => void>();

  get blocked(): boolean {
    return this.waiting.size > 0;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  play(element: HTMLMediaElement): void {
    // Old browsers return nothing.
    Promise.resolve(element.play()).then(
      () => this.settled(element),
      (error: unknown) => {
        // `AbortError` only says that another source was set meanwhile.
        if (error instanceof DOMException && error.name === 'NotAllowedError') {
          this.waiting.add(element);
          this.tell();
        }
      },
    );
  }

  /** To be called from a handler of a click or key. */
  start(): void {
    for (const element of [...this.waiting]) this.play(element);
  }

  settled(element: HTMLMediaElement): void {
    if (this.waiting.delete(element)) this.tell();
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

/** One page, one playback. */
export const playback = new Playback();
