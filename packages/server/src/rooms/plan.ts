/**
 * What a subscriber is to receive, decided from what it shows and what is published: the tiles of its view in order of
 * importance, and the microphones, each by itself while there are sections for all of them, else whoever is loudest. The cost
 * is that of the view, whatever the room's size.
 */
import type { TrackSource, ViewRequest, ViewTile } from '@efir/protocol';
import type { MediaKind } from '@efir/rtc';
import type { StreamWant } from '@efir/sfu';
import type { z } from 'zod';
import type { AssignableTrack } from './assignment.js';
import { type Publications, type PublishedTrack, publisherOf } from './publications.js';

export type View = z.output<typeof ViewRequest>;

/** Voices at once where not everybody's can be had: more aren't understood. */
const VOICES = 3;

/** One thing that a section can carry. Its `id` is the track's, or says whom it follows. */
export interface PlannedStream extends AssignableTrack {
  /** Null: whoever it follows. */
  track: PublishedTrack | null;
  follow?: 'speaker' | 'loudest';
  /** Of video, where the subscriber has a view. */
  want?: StreamWant;
}

/** When other microphones than now would change the plan. */
export interface Hearing {
  /** It carries each of them. */
  direct: boolean;
  /** As long as the room has no more than so many, its own included, each is carried. */
  directUpTo: number;
}

export interface Plan {
  planned: PlannedStream[];
  /** Left out for want of sections. */
  beyond: Record<MediaKind, number>;
  /** Whose pictures are on show; null: everybody's. */
  publishers: ReadonlySet<string> | null;
  /** Null: no microphone concerns it by itself. */
  hearing: Hearing | null;
}

/** Everybody's tracks: for subscribers without a view. */
export function planAll(self: string, published: Iterable<PublishedTrack>): Plan {
  const planned: PlannedStream[] = [];
  for (const track of published) if (track.participant !== self) planned.push(asItIs(track));
  return { planned, beyond: { audio: 0, video: 0 }, publishers: null, hearing: null };
}

/** `sections`: how many there are to receive in. */
export function planView(
  self: string,
  view: View,
  sections: Record<MediaKind, number>,
  publications: Publications,
): Plan {
  const publishers = new Set<string>();
  const videos = planTiles(self, view.tiles, publications, publishers);
  const { sounds, hearing } = planSounds(self, sections.audio, publications, publishers);
  const beyond = { audio: 0, video: Math.max(0, videos.length - sections.video) };
  return { planned: [...sounds, ...videos.slice(0, sections.video)], beyond, publishers, hearing };
}

/** Each picture once, by its first tile. */
function planTiles(
  self: string,
  tiles: readonly ViewTile[],
  publications: Publications,
  publishers: Set<string>,
): PlannedStream[] {
  const planned = new Map<string, PlannedStream>();
  for (const tile of tiles) {
    const want = { height: tile.width === 0 ? 0 : tile.height, order: planned.size };
    if ('follow' in tile.show) {
      const role = tile.role === 'screen' ? 'stage' : tile.role;
      const speaker = following('speaker', 'speaker', 'camera');
      if (!planned.has(speaker.id)) planned.set(speaker.id, { ...speaker, want: { role, ...want } });
      continue;
    }
    const name = tile.show.track;
    // Also of one that isn't there yet: when it comes, it is to be shown.
    const publisher = publisherOf(name);
    if (publisher === self) continue;
    publishers.add(publisher);
    const track = publications.find(name);
    if (track?.kind !== 'video' || planned.has(track.id)) continue;
    const role = tile.role === 'screen' && track.source !== 'screen' ? 'stage' : tile.role;
    planned.set(track.id, { ...asItIs(track), want: { role, ...want } });
  }
  return [...planned.values()];
}

/** A shared screen's sound has a section of its own where there is more than one. */
function planSounds(
  self: string,
  sections: number,
  publications: Publications,
  shown: ReadonlySet<string>,
): { sounds: PlannedStream[]; hearing: Hearing | null } {
  if (sections === 0) return { sounds: [], hearing: null };
  const { microphones } = publications;
  const screens = screenSounds(self, publications, shown);
  const forMicrophones = screens.length > 0 && sections > 1 ? sections - 1 : sections;
  const own = publications.of(self).filter(({ source }) => source === 'microphone').length;
  const directUpTo = forMicrophones + own;
  if (microphones.size > directUpTo) {
    const loudest = Array.from({ length: Math.min(VOICES, forMicrophones) }, (_, n) =>
      following(`loudest ${n}`, 'loudest', 'microphone'),
    );
    const sounds = [...loudest, ...screens.slice(0, sections - forMicrophones)];
    return { sounds, hearing: { direct: false, directUpTo } };
  }
  const others = [...microphones.values()].filter(({ participant }) => participant !== self).map(asItIs);
  const sounds = [...others, ...screens.slice(0, sections - others.length)];
  return { sounds, hearing: { direct: true, directUpTo } };
}

/** Those whose screen is on show first. */
function screenSounds(self: string, publications: Publications, shown: ReadonlySet<string>): PlannedStream[] {
  const others = [...publications.screenSounds.values()].filter(({ participant }) => participant !== self);
  const seen = others.filter(({ participant }) => shown.has(participant));
  return [...seen, ...others.filter((track) => !seen.includes(track))].map(asItIs);
}

function asItIs(track: PublishedTrack): PlannedStream {
  const { id, kind, source, former } = track;
  return { id, kind, source, formerId: former?.id, track };
}

/** No track has such an id: theirs contain a slash. */
function following(id: string, follow: 'speaker' | 'loudest', source: TrackSource): PlannedStream {
  return { id, kind: follow === 'speaker' ? 'video' : 'audio', source, track: null, follow };
}
