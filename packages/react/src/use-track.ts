import type { Participant, Track, TrackSource } from '@efir/client';
import { useParticipant } from './use-participants.js';

export interface TrackView {
  /** Undefined while the participant publishes no such thing. */
  track: Track | undefined;
  media: MediaStreamTrack | null;
  muted: boolean;
  /** Published and not muted. */
  live: boolean;
}

/** What a participant publishes of one source, kept up to date. */
export function useTrack(participant: Participant, source: TrackSource): TrackView {
  const track = useParticipant(participant).track(source);
  return { track, media: track?.media ?? null, muted: track?.muted ?? true, live: track !== undefined && !track.muted };
}
