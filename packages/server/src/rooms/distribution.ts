/**
 * Brings a room's tracks to its participants: whatever changed is gathered for one turn of the loop, then every participant
 * concerned, and nobody else, is planned anew; its routes go to the worker and its `streams` to the client.
 */
import type { Logger } from 'pino';
import type { MediaSession } from '../media/session.js';
import { Interest } from './interest.js';
import { type Participant, participantOfTransport } from './participant.js';
import { planAll, planView } from './plan.js';
import { Publications, type PublishedTrack, type Publisher, type Succession } from './publications.js';

/** Who is heard changes often and shows nowhere: told so long after it did. */
const HEARD_MS = 200;

/** After a worker did not take what it was told. */
const RETRY_MS = 1000;

/** Media that is held back is looked after so often. */
const HELD_MS = 40;

export class Distribution {
  /** Participants planned anew, since the start: the work that changes have made. */
  updates = 0;
  readonly #everybody: () => Iterable<string>;
  readonly #log: Logger;
  readonly #held: (() => boolean) | undefined;
  readonly #succeed: (successions: Succession[]) => void;
  readonly #waiting = new Set<Participant>();
  #timer: NodeJS.Timeout | null = null;
  readonly #publications = new Publications();
  readonly #interest = new Interest<Participant>();
  readonly #publishers = new Set<Publisher>();
  readonly #dirty = new Set<Participant>();
  /** Dirty, but not at once. */
  readonly #heard = new Set<Participant>();
  #heardTimer: NodeJS.Timeout | null = null;
  #scheduled = false;

  /**
   * `everybody`: ids, in the order of joining. `succeed`: the router is to know of these before it is told of any routes.
   * `held`: media is to be kept back for now.
   */
  constructor(
    everybody: () => Iterable<string>,
    log: Logger,
    succeed: (successions: Succession[]) => void,
    held?: () => boolean,
  ) {
    this.#everybody = everybody;
    this.#succeed = succeed;
    this.#log = log;
    this.#held = held;
  }

  /** This one's tracks came or went, or have another transport. */
  tracksChanged(publisher: Publisher): void {
    this.#publishers.add(publisher);
    this.#schedule();
  }

  /** This one's sections, transport, view or connection is another. */
  subscriberChanged(participant: Participant): void {
    this.#dirty.add(participant);
    this.#schedule();
  }

  /** The worker says that a section carries another producer. */
  sourceChanged(participant: Participant, mid: string, producer: string | null): void {
    const follow = participant.subscription.sourceChanged(mid, producer);
    if (follow === 'speaker') this.subscriberChanged(participant);
    if (follow !== 'loudest') return;
    this.#heard.add(participant);
    this.#heardTimer ??= setTimeout(() => {
      this.#heardTimer = null;
      for (const one of this.#heard) this.subscriberChanged(one);
    }, HEARD_MS).unref();
  }

  left(participant: Participant): void {
    this.subscriberGone(participant);
    this.tracksChanged(participant);
  }

  /** It receives nothing here any more. */
  subscriberGone(participant: Participant): void {
    this.#interest.forget(participant);
    this.#publishers.delete(participant);
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
    for (const publisher of this.#publishers) {
      const change = this.#publications.update(publisher);
      if (!change) continue;
      if (change.successions.length > 0) this.#succeed(change.successions);
      const microphones = this.#publications.microphones.size;
      for (const concerned of this.#interest.concernedBy(change, microphones)) this.#dirty.add(concerned);
    }
    this.#publishers.clear();
    const all = new AllPublished(this.#everybody, this.#publications);
    for (const participant of this.#dirty) {
      this.#heard.delete(participant);
      if (!participant.gone) this.#update(participant, all);
    }
    this.#dirty.clear();
  }

  #update(participant: Participant, all: AllPublished): void {
    const { id, media, subscription, client, permissions, view } = participant;
    if (!permissions.subscribe) return;
    if (this.#held?.()) {
      this.#waiting.add(participant);
      this.#timer ??= setTimeout(() => this.#look(), HELD_MS);
      return;
    }
    this.updates++;
    const sections = (media?.sections ?? []).filter(({ downlink }) => downlink !== undefined);
    const audio = sections.filter(({ kind }) => kind === 'audio').length;
    const plan = view
      ? planView(id, view, { audio, video: sections.length - audio }, this.#publications)
      : planAll(id, all.tracks);
    this.#interest.set(participant, plan);
    const { routes, streams } = subscription.update(sections, plan, (producer) =>
      this.#publications.byProducer(participantOfTransport(producer), producer),
    );
    if (!media) return;
    const failed = (error: Error): void => this.#tellingFailed(participant, media, error);
    // First, or pictures would come that nobody wants.
    if (view) media.setReception({ video: !view.audioOnly, maxBps: view.maxBps }).catch(failed);
    if (routes.length > 0) media.route(routes).catch(failed);
    if (streams) client?.send('streams', streams);
  }

  #tellingFailed(participant: Participant, media: MediaSession, error: Error): void {
    // On a transport that has ended meanwhile this is in the order of things.
    if (participant.media !== media || media.ended) return;
    this.#log.warn({ participant: participant.id, reason: error.message }, 'streams could not be routed');
    participant.subscription.routesFailed();
    setTimeout(() => {
      if (participant.media === media) this.subscriberChanged(participant);
    }, RETRY_MS).unref();
  }
}

/** Everybody's tracks in the order of joining, gathered when they are first asked for. */
class AllPublished {
  readonly #everybody: () => Iterable<string>;
  readonly #publications: Publications;
  #tracks: PublishedTrack[] | null = null;

  constructor(everybody: () => Iterable<string>, publications: Publications) {
    this.#everybody = everybody;
    this.#publications = publications;
  }

  get tracks(): readonly PublishedTrack[] {
    this.#tracks ??= [...this.#everybody()].flatMap((id) => this.#publications.of(id));
    return this.#tracks;
  }
}
