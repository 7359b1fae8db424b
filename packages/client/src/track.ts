import type { TrackSource } from '@efir/protocol';
import { Emitter } from './emitter.js';

export interface TrackEvents {
  media: { media: MediaStreamTrack | null };
  muted: { muted: boolean };
}

export const kindOf = (source: TrackSource): 'audio' | 'video' =>
  source === 'microphone' || source === 'screen-audio' ? 'audio' : 'video';

/**
 * Something a participant publishes: one per source. It outlives reconnects; what changes is its `media`,
 * the browser's track, null while nothing is received (or captured).
 */
export class Track extends Emitter<TrackEvents> {
  readonly kind: 'audio' | 'video';
  private currentMedia: MediaStreamTrack | null = null;
  private currentMuted = false;

  constructor(
    /** As the server numbers it (another number after a restart of its publisher); local tracks are named by their source. */
    public id: string,
    readonly source: TrackSource,
    muted = false,
  ) {
    super();
    this.kind = kindOf(source);
    this.currentMuted = muted;
  }

  get media(): MediaStreamTrack | null {
    return this.currentMedia;
  }

  get muted(): boolean {
    return this.currentMuted;
  }

  /** @internal */
  setMedia(media: MediaStreamTrack | null): void {
    if (media === this.currentMedia) return;
    this.currentMedia = media;
    this.emit('media', { media });
  }

  /** @internal */
  setMuted(muted: boolean): void {
    if (muted === this.currentMuted) return;
    this.currentMuted = muted;
    this.emit('muted', { muted });
  }
}
