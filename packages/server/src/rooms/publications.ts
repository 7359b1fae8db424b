/**
 * What is published in a room: brought up to date for one participant at a time, looked up by track or producer, never gone
 * through as a whole except for subscribers without a view.
 */
import type { AssignableTrack } from './assignment.js';
import type { Track } from './participant.js';

/** A track that someone publishes. */
export interface PublishedTrack extends AssignableTrack {
  participant: string;
  /** Id on the worker; null while its transport is being replaced: its owner is coming back. */
  producer: string | null;
  /** What it was on the transport before, which may go on for a moment. */
  former?: { id: string; producer: string } | null;
}

/** One producer in place of another, of the same track. */
export interface Succession {
  from: string;
  to: string;
}

export interface PublicationChange {
  publisher: string;
  /** Of its microphones one came, went or has another producer. */
  microphones: boolean;
  screenSounds: boolean;
  successions: Succession[];
}

/** A participant, here or on another node. */
export interface Publisher {
  readonly id: string;
  readonly gone: boolean;
  readonly tracks: readonly Pick<Track, 'mid' | 'kind' | 'source'>[];
  readonly media: { readonly transport: string } | null;
  trackId(mid: string): string;
}

export class Publications {
  readonly #byParticipant = new Map<string, readonly PublishedTrack[]>();
  readonly #microphones = new Map<string, PublishedTrack>();
  readonly #screenSounds = new Map<string, PublishedTrack>();

  /** Of the whole room, by track id. */
  get microphones(): ReadonlyMap<string, PublishedTrack> {
    return this.#microphones;
  }

  /** Of the whole room, by track id. */
  get screenSounds(): ReadonlyMap<string, PublishedTrack> {
    return this.#screenSounds;
  }

  /** Takes over what the participant publishes now. Null if it is what it was. */
  update(participant: Publisher): PublicationChange | null {
    const { id, media, gone } = participant;
    const before = this.of(id);
    const producerOf = (mid: string): string | null => media && `${media.transport}/${mid}`;
    const published = gone ? [] : participant.tracks.map((track) => ({ ...track, producer: producerOf(track.mid) }));
    // Who still publishes by one producer follows nobody, and nobody follows it.
    const left = before.filter(
      (was) => was.producer === null || !published.some((one) => one.producer === was.producer),
    );
    const after = published.map(({ mid, kind, source, producer }): PublishedTrack => {
      const track = { id: participant.trackId(mid), kind, source, participant: id, producer };
      const same = before.find((was) => producer !== null && was.producer === producer);
      const alike = left.filter((was) => was.source === source && was.kind === kind);
      const was = same ?? alike.find((one) => one.id === track.id) ?? alike[0];
      if (!same && was) left.splice(left.indexOf(was), 1);
      return { ...track, former: was ? formerOf(was, producer) : null };
    });
    if (describe(before) === describe(after)) return null;
    if (after.length > 0) this.#byParticipant.set(id, after);
    else this.#byParticipant.delete(id);
    return {
      publisher: id,
      microphones: replace(this.#microphones, 'microphone', before, after),
      screenSounds: replace(this.#screenSounds, 'screen-audio', before, after),
      successions: after.flatMap(({ producer, former }) =>
        producer && former ? [{ from: former.producer, to: producer }] : [],
      ),
    };
  }

  /** Of one participant. */
  of(participant: string): readonly PublishedTrack[] {
    return this.#byParticipant.get(participant) ?? [];
  }

  /** By track id, or by `${participant}/${source}`. */
  find(name: string): PublishedTrack | null {
    const publisher = publisherOf(name);
    const tracks = this.of(publisher);
    const source = name.slice(publisher.length + 1);
    return (
      tracks.find(({ id }) => id === name) ??
      tracks.find((track) => track.source === source) ??
      tracks.find(({ former }) => former?.id === name) ??
      null
    );
  }

  byProducer(participant: string, producer: string): PublishedTrack | null {
    const tracks = this.of(participant);
    return (
      tracks.find((track) => track.producer === producer) ??
      tracks.find(({ former }) => former?.producer === producer) ??
      null
    );
  }
}

function formerOf({ id, producer, former }: PublishedTrack, now: string | null): PublishedTrack['former'] {
  return producer === null || producer === now ? former : { id, producer };
}

/** Of a name that `Publications.find` takes. */
export function publisherOf(name: string): string {
  return name.split('/', 1)[0] ?? '';
}

function replace(
  index: Map<string, PublishedTrack>,
  source: PublishedTrack['source'],
  before: readonly PublishedTrack[],
  after: readonly PublishedTrack[],
): boolean {
  const [was, is] = [before, after].map((tracks) => tracks.filter((track) => track.source === source));
  if (describe(was) === describe(is)) return false;
  for (const { id } of was) if (!is.some((track) => track.id === id)) index.delete(id);
  for (const track of is) index.set(track.id, track);
  return true;
}

function describe(tracks: readonly PublishedTrack[]): string {
  return tracks.map(({ id, source, producer }) => `${id} ${source} ${producer}`).join('\n');
}
