import type { TrackSource } from '@efir/protocol';
import type { Participant } from '../participant.js';
import type { MediaPath } from '../path/media-path.js';

/** Something to be heard. */
export interface Sound {
  /** Of the element that plays it: stays while it is the same person's, or the same voice of a large room. */
  key: string;
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
  for (const [n, media] of (path?.voices?.() ?? []).entries()) {
    sounds.set(media, { key: `voice ${n}`, media, participant: null, source: 'microphone' });
  }
  for (const { id, tracks } of participants) {
    for (const { source, kind, media } of tracks) {
      if (kind !== 'audio' || !media) continue;
      const key = sounds.get(media)?.key ?? `${id}/${source}`;
      sounds.set(media, { key, media, participant: id, source });
    }
  }
  return [...sounds.values()];
}

export const sameSounds = (a: readonly Sound[], b: readonly Sound[]): boolean =>
  a.length === b.length &&
  a.every(({ key, media, participant }, index) => {
    const other = b[index];
    return other?.key === key && other.media === media && other.participant === participant;
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
