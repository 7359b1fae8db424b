/** What a client shows of a big room, what it gets for it, and what is wanted of it as a publisher. All over the SFU only. */
import { z } from 'zod';
import { Mid, TrackSource } from './room.js';

/** Tiles that a view may have; a page is far smaller. */
export const MAX_TILES = 64;

export const ViewTile = z.strictObject({
  /**
   * Track id as in `TrackInfo`, or `${participant}/${source}`, which holds over every topology; or whoever speaks. A track
   * that isn't there, one of your own and one of sound leave the tile empty until there is such a picture.
   */
  show: z.union([
    z.strictObject({ track: z.string().min(1).max(128) }),
    z.strictObject({ follow: z.literal('speaker') }),
  ]),
  /** `stage`: pinned, or large. */
  role: z.enum(['stage', 'screen', 'thumbnail']).default('thumbnail'),
  /** In device pixels. 0: scrolled out of sight. */
  width: z.number().int().min(0).max(16_384),
  height: z.number().int().min(0).max(16_384),
});
export type ViewTile = z.infer<typeof ViewTile>;

/** Counted before any of them is read. */
const FewTiles = z.custom<z.input<typeof ViewTile>[]>(
  (tiles) => Array.isArray(tiles) && tiles.length <= MAX_TILES,
  `is a list of ${MAX_TILES} tiles at most`,
);

/**
 * `view`: the tiles on show, the most important first. From the first one on, the server fills video sections by it and no
 * longer with everybody; audio sections carry the loudest. Tiles that find no section are left out.
 */
export const ViewRequest = z.strictObject({
  tiles: FewTiles.pipe(z.array(ViewTile)),
  /** No video at all: the tab is hidden, or the person wants it so. */
  audioOnly: z.boolean().default(false),
  /** The most to be received, bit/s: data saver. */
  maxBps: z.number().int().min(30_000).max(1_000_000_000).nullable().default(null),
});
export type ViewRequest = z.input<typeof ViewRequest>;

/** `quality`: the client's path, as the server sees it; at each change that matters and once a second while anything changes. */
export const QualityEvent = z.object({
  estimateBps: z.number(),
  sentBps: z.number(),
  /** What would be sent if the path carried anything. */
  wantedBps: z.number(),
  /** 0..1, towards the client. */
  lossShare: z.number(),
  roundTripMs: z.number().nullable(),
  /** The path can't carry what is on show: pictures are paused, sound goes on. */
  weak: z.boolean(),
  streams: z.array(
    z.object({
      mid: Mid,
      /** Layers from 0; -1: nothing is sent. */
      spatial: z.number().int(),
      temporal: z.number().int(),
      bitrateBps: z.number(),
      paused: z.boolean(),
    }),
  ),
});
export type QualityEvent = z.infer<typeof QualityEvent>;

/** `layers`: of your tracks, the highest spatial layer that somebody takes (from 0); -1: nobody takes any. Others need not be sent. */
export const LayersEvent = z.object({
  layers: z.array(z.object({ source: TrackSource, spatial: z.number().int().min(-1) })),
});
export type LayersEvent = z.infer<typeof LayersEvent>;

/** `overload`: the server sheds pictures because it can't keep up; 0: no longer. */
export const OverloadEvent = z.object({ level: z.union([z.literal(0), z.literal(1), z.literal(2)]) });
export type OverloadEvent = z.infer<typeof OverloadEvent>;
