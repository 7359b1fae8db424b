/**
 * The receiving side of one participant: keeps what each section carries, what the worker was told to route and what the
 * client was told, and says on each change what to tell them now.
 */
import type { ServerEvents, StreamAssignment } from '@efir/protocol';
import type { SectionParameters } from '@efir/rtc';
import type { Route } from '@efir/sfu';
import { type AssignableTrack, Assignment } from './assignment.js';

/** A track that someone publishes. */
export interface PublishedTrack extends AssignableTrack {
  participant: string;
  /** Id on the worker; null while its transport is being replaced. */
  producer: string | null;
}

export interface SubscriptionUpdate {
  /** For the worker: changes only. */
  routes: Route[];
  /** For the client: all of it, or null if nothing changed. */
  streams: ServerEvents['streams'] | null;
}

export class Subscription {
  readonly #assignment = new Assignment();
  /** Producers by mid, as routed. */
  readonly #routed = new Map<string, string | null>();
  #told = '';

  update(sections: readonly SectionParameters[], tracks: readonly PublishedTrack[]): SubscriptionUpdate {
    const receiving = sections.filter(({ downlink }) => downlink !== undefined);
    const { carried, missing } = this.#assignment.update(receiving, tracks);

    const routes: Route[] = [];
    const streams: StreamAssignment[] = [];
    for (const mid of this.#routed.keys()) if (!carried.has(mid)) this.#routed.delete(mid);
    for (const [mid, track] of carried) {
      const producer = track?.producer ?? null;
      if ((this.#routed.get(mid) ?? null) !== producer) {
        routes.push({ mid, source: producer === null ? null : { producer } });
        this.#routed.set(mid, producer);
      }
      streams.push({
        mid,
        participant: track?.participant ?? null,
        source: track?.source ?? null,
        track: track?.id ?? null,
      });
    }

    const payload = { streams, missing };
    const text = JSON.stringify(payload);
    const changed = text !== this.#told;
    this.#told = text;
    return { routes, streams: changed ? payload : null };
  }

  /** The transport is another: its routes are all to be set. */
  forgetRoutes(): void {
    this.#routed.clear();
  }

  /** The client may have missed something: it is told again. */
  forgetTold(): void {
    this.#told = '';
  }
}
