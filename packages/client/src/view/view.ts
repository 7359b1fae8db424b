import type { TrackSource } from '@efir/protocol';

/** One picture that a page shows. */
export interface Tile {
  /** Whose; or whoever speaks (see `room.stage`). */
  show: { participant: string; source: 'camera' | 'screen' } | { follow: 'speaker' };
  /** `stage`: large, or pinned. `thumbnail` by default. */
  role?: 'stage' | 'screen' | 'thumbnail';
  /** In device pixels. 0: scrolled out of sight. */
  width: number;
  height: number;
}

/** What is to be received, whatever is shown. */
export interface Reception {
  /** No pictures. */
  audioOnly: boolean;
  /** The most to be received, bit/s, from 30,000: data saver. Null: no limit. */
  maxBps: number | null;
}

/** The most pictures that a page may have. */
export const MAX_PAGE = 25;
/** Voices that are heard at once in a large room. */
export const VOICES = 3;
/** Up to so many others each are heard by themselves: more voices at once aren't understood, but none is cut off either. */
const VOICES_EACH = 8;

/** What a room that is shown by the page receives in, whatever its size: one picture more is for a shared screen. */
export function pageSections(page: number, expected: { audio: number }): { audio: number; video: number } {
  const audio = expected.audio <= VOICES_EACH ? Math.max(VOICES, expected.audio) : VOICES;
  return { audio, video: Math.max(1, Math.min(MAX_PAGE, Math.floor(page))) + 1 };
}

export const PAGE_LIMITS = { audio: VOICES_EACH, video: MAX_PAGE + 1 } as const;

/** Whether a track of this name is among the tiles that are to be received. */
export function isShown(tiles: readonly Tile[], participant: string, source: TrackSource): boolean {
  return tiles.some(
    ({ show, width }) =>
      width > 0 && 'participant' in show && show.participant === participant && show.source === source,
  );
}

/** A page of thumbnails and sound in this: what data saver asks for, bit/s. */
export const SAVER_BPS = 400_000;
