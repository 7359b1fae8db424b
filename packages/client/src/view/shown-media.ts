import type { TrackSource } from '@efir/protocol';
import type { Participant } from '../participant.js';
import type { MediaPath } from '../path/media-path.js';

/** Something to be heard. */
export interface Sound {
  media: MediaStreamTrack;
  /** Whose it is now; null: unknown. In a large room one sound belongs to one and then to another. */
  participant: string | null;
  source: TrackSource;
}

/** Whoever speaks, for a tile that follows them. */
export interface Stage {
  participant: Participant;
  /** Null until there is a picture that is theirs. */
  media: MediaStreamTrack | null;
}

/** All that is to be heard: what participants' tracks have, and sections that go from one to another. Each once. */
export function soundsOf(participants: readonly Participant[], path: Pick<MediaPath, 'voices'> | null): Sound[] {
  const sounds = new Map<MediaStreamTrack, Sound>();
  for (const participant of participants) {
    for (const source of ['microphone', 'screen-audio'] as const) {
      const media = participant.track(source)?.media;
      if (media) sounds.set(media, { media, participant: participant.id, source });
    }
  }
  for (const media of path?.voices?.() ?? []) {
    if (!sounds.has(media)) sounds.set(media, { media, participant: null, source: 'microphone' });
  }
  return [...sounds.values()];
}

export const sameSounds = (a: readonly Sound[], b: readonly Sound[]): boolean =>
  a.length === b.length &&
  a.every(({ media, participant, source }, index) => {
    const other = b[index];
    return other?.media === media && other.participant === participant && other.source === source;
  });

/** Who is on stage: by the section that follows who speaks; where there is none, who was told to speak last. */
export function stageOf(
  path: Pick<MediaPath, 'stage'> | null,
  find: (id: string) => Participant | undefined,
  lastSpeaker: Participant | null,
): Stage | null {
  const followed = path?.stage?.() ?? null;
  if (followed?.participant != null) {
    const participant = find(followed.participant);
    // Their own section shows them as well: it may have the picture already.
    if (participant) return { participant, media: followed.media ?? participant.track('camera')?.media ?? null };
  }
  if (!lastSpeaker) return null;
  return { participant: lastSpeaker, media: lastSpeaker.track('camera')?.media ?? null };
}
