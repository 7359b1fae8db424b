/**
 * What a robot sees of what it asked for: when its first page was full, how long a new page took to show its faces, and how
 * long whoever began to speak took to be there in the best size. A picture is there when its first frame is, by the CSRC of
 * its packets. Times in ms of `performance.now()`.
 */
import type { FrameWatch } from '@efir/sfu';
import type { Assignment } from './connection.js';

/** Height of a publisher's best layer. */
const BEST_HEIGHT = 720;

export type Watches = (mid: string) => FrameWatch | null;

interface Turn {
  atMs: number;
  awaited: Set<string>;
  lastMs: number;
}

interface Speaker {
  participant: string;
  sinceMs: number;
}

export class Viewing {
  /** When all tiles of the first page had a picture; null: not yet. */
  fullPageMs: number | null = null;
  /** From turning a page to the first frame of each new face, and to the last of them. */
  readonly tileMs: number[] = [];
  readonly pageMs: number[] = [];
  /** Faces that weren't there before the page was turned again. */
  missed = 0;
  /** From the news of who speaks to their best picture. */
  readonly stageMs: number[] = [];
  /** Who spoke no longer before that was there. */
  stageMissed = 0;

  #assignments: readonly Assignment[] = [];
  #turned: Turn | null = null;
  #speaker: Speaker | null = null;
  #lastSpeaker = '';

  assigned(assignments: readonly Assignment[]): void {
    this.#assignments = assignments;
  }

  /** Another page: `tracks` are new on it. */
  turned(tracks: readonly string[], now: number): void {
    this.missed += this.#turned?.awaited.size ?? 0;
    this.#turned = tracks.length > 0 ? { atMs: now, awaited: new Set(tracks), lastMs: now } : null;
  }

  /** Somebody (not the robot itself) begins to speak. */
  speaks(participant: string, now: number): void {
    if (participant === this.#lastSpeaker) return;
    if (this.#speaker) this.stageMissed++;
    this.#lastSpeaker = participant;
    this.#speaker = { participant, sinceMs: now };
  }

  /** Looks what has come; `page`: the tracks on show. */
  look(page: readonly string[], watches: Watches): void {
    if (this.fullPageMs === null && page.length > 0) this.#firstPage(page, watches);
    if (this.#turned) this.#faces(this.#turned, page, watches);
    if (this.#speaker) this.#stage(this.#speaker, watches);
  }

  #firstPage(page: readonly string[], watches: Watches): void {
    let lastMs = 0;
    for (const track of page) {
      const watch = this.#shown(track, watches);
      if (!watch) return;
      lastMs = Math.max(lastMs, watch.sourceSinceMs);
    }
    this.fullPageMs = lastMs;
  }

  #faces(turned: Turn, page: readonly string[], watches: Watches): void {
    for (const track of turned.awaited) {
      const watch = this.#shown(track, watches);
      if (!watch && page.includes(track)) continue;
      turned.awaited.delete(track);
      if (!watch) continue;
      const atMs = Math.max(turned.atMs, watch.sourceSinceMs);
      turned.lastMs = Math.max(turned.lastMs, atMs);
      this.tileMs.push(atMs - turned.atMs);
    }
    if (turned.awaited.size > 0) return;
    this.pageMs.push(turned.lastMs - turned.atMs);
    this.#turned = null;
  }

  #stage({ participant, sinceMs }: Speaker, watches: Watches): void {
    const tile = this.#assignments.find(({ speaker }) => speaker);
    if (tile?.participant !== participant) return;
    const watch = watches(tile.mid);
    if (!watch || watch.source !== tile.csrc || watch.height < BEST_HEIGHT) return;
    this.stageMs.push(Math.max(0, watch.heightSinceMs - sinceMs));
    this.#speaker = null;
  }

  /** The stream that shows a track, if it does by now. */
  #shown(track: string, watches: Watches): FrameWatch | null {
    for (const assigned of this.#assignments) {
      if (assigned.track !== track || assigned.speaker) continue;
      const watch = watches(assigned.mid);
      if (watch && watch.sourceSinceMs >= 0 && watch.source === assigned.csrc) return watch;
    }
    return null;
  }
}
