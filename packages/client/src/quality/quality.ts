import type { QualityEvent, TrackSource } from '@efir/protocol';

/** What one picture or sound is received at. */
export interface StreamQuality {
  participant: string;
  source: TrackSource;
  /** Layers from 0; -1: nothing is sent. */
  spatial: number;
  temporal: number;
  bitrateBps: number;
  /** Held back for want of bandwidth. */
  paused: boolean;
}

/** The path from the server to us, as the server sees it. */
export interface Quality {
  /** What it is thought to carry, bit/s. */
  estimateBps: number;
  /** What is sent on it, bit/s. */
  sentBps: number;
  /** What would be sent if it carried anything, bit/s. */
  wantedBps: number;
  /** 0 to 1, towards us. */
  lossShare: number;
  roundTripMs: number | null;
  /** It can't carry what is shown: pictures are paused, sound goes on. */
  weak: boolean;
  streams: StreamQuality[];
}

type FindOwner = (mid: string) => { participant: string; source: TrackSource } | null;

/** By participants instead of sections; sections that carry nobody are left out. */
export function qualityOf({ streams, ...path }: QualityEvent, ownerOf: FindOwner): Quality {
  return {
    ...path,
    streams: streams.flatMap(({ mid, ...stream }) => {
      const owner = ownerOf(mid);
      return owner ? [{ participant: owner.participant, source: owner.source, ...stream }] : [];
    }),
  };
}
