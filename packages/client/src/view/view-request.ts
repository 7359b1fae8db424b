import type { ViewRequest } from '@efir/protocol';
import type { Reception, Tile } from './view.js';

/** The server's limit. */
const MAX_TILES = 64;
const MAX_PIXELS = 16_384;

export interface Shown extends Reception {
  tiles: readonly Tile[];
  /** The page is not seen. */
  hidden: boolean;
  /** How much too slow this machine is for what it receives, 0..2. */
  overload: number;
}

/** Rows of pixels that an overloaded machine asks for at most; at level 2 for its first tiles only. */
const OVERLOAD_HEIGHTS = [Number.POSITIVE_INFINITY, 360, 180] as const;
const OVERLOAD_TILES = 4;

/** What to tell the server. A slow machine asks for smaller pictures and then for fewer; never for less sound. */
export function viewRequest({ tiles, audioOnly, maxBps, hidden, overload }: Shown): ViewRequest {
  const level = Math.max(0, Math.min(2, overload));
  const most = OVERLOAD_HEIGHTS[level] as number;
  return {
    tiles: tiles.slice(0, MAX_TILES).map(({ show, role = 'thumbnail', width, height }, index) => {
      const away = level === 2 && index >= OVERLOAD_TILES;
      const scale = height > most ? most / height : 1;
      return {
        show: 'follow' in show ? show : { track: `${show.participant}/${show.source}` },
        role,
        width: away ? 0 : pixels(width * scale),
        height: away ? 0 : pixels(height * scale),
      };
    }),
    audioOnly: audioOnly || hidden,
    maxBps: maxBps === null ? null : Math.max(30_000, Math.round(maxBps)),
  };
}

const pixels = (value: number): number => Math.max(0, Math.min(MAX_PIXELS, Math.round(value) || 0));
