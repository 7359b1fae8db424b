/**
 * Brings a room's tracks to its participants: whatever changed is gathered for one turn of the loop, then every
 * participant concerned is assigned anew, its routes go to the worker and its `streams` to the client.
 */
import type { Logger } from 'pino';
import type { MediaSession } from '../media/session.js';
import type { Participant } from './participant.js';
import type { PublishedTrack } from './subscription.js';

/** Media that is held back is looked after so often. */
const HELD_MS = 40;

export class Distribution {
  readonly #participants: ReadonlyMap<string, Participant>;
  readonly #log: Logger;
  readonly #held: (() => boolean) | undefined;
  readonly #waiting = new Set<Participant>();
  #timer: NodeJS.Timeout | null = null;
  readonly #dirty = new Set<Participant>();
  #allDirty = false;
  #scheduled = false;

  constructor(participants: ReadonlyMap<string, Participant>, log: Logger, held?: () => boolean) {
    this.#participants = participants;
    this.#log = log;
    this.#held = held;
  }

  /** Someone's tracks came or went. */
  tracksChanged(): void {
    this.#allDirty = true;
    this.#schedule();
  }

  /** This one's sections, transport or connection is another. */
  subscriberChanged(participant: Participant): void {
    this.#dirty.add(participant);
    this.#schedule();
  }

  #look(): void {
    this.#timer = null;
    for (const participant of this.#waiting) this.subscriberChanged(participant);
    this.#waiting.clear();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Not at once: the answer to an offer goes out before its streams, and a burst of changes is one.
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const concerned = this.#allDirty ? [...this.#participants.values()] : [...this.#dirty];
    this.#allDirty = false;
    this.#dirty.clear();
    const tracks = this.#published();
    for (const participant of concerned) if (!participant.gone) this.#update(participant, tracks);
  }

  #update(participant: Participant, published: readonly PublishedTrack[]): void {
    const { media, subscription, client, permissions } = participant;
    if (!permissions.subscribe) return;
    if (this.#held?.()) {
      this.#waiting.add(participant);
      this.#timer ??= setTimeout(() => this.#look(), HELD_MS);
      return;
    }
    const tracks = published.filter((track) => track.participant !== participant.id);
    const { routes, streams } = subscription.update(media?.sections ?? [], tracks);
    if (media && routes.length > 0) {
      media.route(routes).catch((error: Error) => this.#routingFailed(participant, media, error));
    }
    // Before the first offer there is nothing to carry anything.
    if (streams && client && media) client.send('streams', streams);
  }

  #routingFailed(participant: Participant, media: MediaSession, error: Error): void {
    // On a transport that has ended meanwhile this is in the order of things.
    if (participant.media !== media || media.ended) return;
    this.#log.warn({ participant: participant.id, reason: error.message }, 'streams could not be routed');
    participant.subscription.forgetRoutes();
  }

  /** In the order of joining. A track whose transport is gone stays assigned: its owner is coming back. */
  #published(): PublishedTrack[] {
    return [...this.#participants.values()].flatMap((participant) =>
      participant.tracks.map(({ mid, kind, source }) => ({
        id: participant.trackId(mid),
        kind,
        source,
        participant: participant.id,
        producer: participant.media ? `${participant.media.transport}/${mid}` : null,
      })),
    );
  }
}
