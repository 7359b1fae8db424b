import type { ViewRequest } from '@efir/protocol';
import type { Reception, Tile } from './view.js';
import { type Shown, viewRequest } from './view-request.js';

/** Views are told no more often than this, ms: scrolling and resizing bring many. */
const EVERY_MS = 120;
/** A tab that is hidden for a moment keeps its pictures, ms. */
const HIDDEN_AFTER_MS = 3_000;

/** Tells the server what is shown, each change once; after coming in as somebody new, again. */
export class ViewSender {
  private shown: Shown = { tiles: [], audioOnly: false, maxBps: null, hidden: false, overload: 0 };
  private begun = false;
  private told = '';
  private toldAt = Number.NEGATIVE_INFINITY;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private hiding: ReturnType<typeof setTimeout> | undefined;
  private readonly onVisibility = () => this.visibility();

  /** `send` rejects when there is no connection: then it is told on the next one. */
  constructor(private readonly send: (view: ViewRequest) => Promise<unknown>) {
    globalThis.document?.addEventListener?.('visibilitychange', this.onVisibility);
  }

  /** There is a view: until then, the server sends everybody. */
  get active(): boolean {
    return this.begun;
  }

  get current(): Readonly<Shown> {
    return this.shown;
  }

  /** All of it, for another server; null: there is none. */
  request(): ViewRequest | null {
    return this.begun ? viewRequest(this.shown) : null;
  }

  setTiles(tiles: readonly Tile[]): void {
    this.begun = true;
    this.change({ tiles });
  }

  setReception(reception: Partial<Reception>): void {
    this.change(reception);
  }

  setOverload(overload: number): void {
    this.change({ overload });
  }

  /** We are in. `again`: as who we were, so the server knows our view, unless it missed the last one. */
  entered(again: boolean): void {
    if (!again) this.told = '';
    this.schedule();
  }

  close(): void {
    clearTimeout(this.timer);
    clearTimeout(this.hiding);
    this.begun = false;
    globalThis.document?.removeEventListener?.('visibilitychange', this.onVisibility);
  }

  private change(change: Partial<Shown>): void {
    this.shown = { ...this.shown, ...change };
    this.schedule();
  }

  private visibility(): void {
    clearTimeout(this.hiding);
    const hidden = document.visibilityState === 'hidden';
    if (!hidden) this.change({ hidden });
    else this.hiding = setTimeout(() => this.change({ hidden: !document.pictureInPictureElement }), HIDDEN_AFTER_MS);
  }

  private schedule(): void {
    if (!this.begun || this.timer !== undefined) return;
    const wait = this.toldAt + EVERY_MS - now();
    // Also at once: what changes in one turn goes together.
    this.timer = setTimeout(() => this.tell(), Math.max(0, wait));
  }

  private tell(): void {
    this.timer = undefined;
    if (!this.begun) return;
    const view = viewRequest(this.shown);
    const text = JSON.stringify(view);
    if (text === this.told) return;
    this.told = text;
    this.toldAt = now();
    this.send(view).catch(() => {
      if (this.told === text) this.told = '';
    });
  }
}

const now = (): number => performance.now();
