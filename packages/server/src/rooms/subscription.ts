/**
 * The receiving side of one participant: keeps what each section carries, what the worker was told to route and what the
 * client was told, and says on each change what to tell them now.
 */
import type { ServerEvents, StreamAssignment } from '@efir/protocol';
import { type Route, type StreamSource, sourceTag } from '@efir/sfu';
import { Assignment, type ReceivingSection } from './assignment.js';
import type { Plan, PlannedStream } from './plan.js';
import type { PublishedTrack } from './publications.js';

export interface SubscriptionUpdate {
  /** For the worker: changes only. */
  routes: Route[];
  /** For the client: all of it, or null if nothing changed. */
  streams: ServerEvents['streams'] | null;
}

/** The track behind a producer, if it is there. */
export type FindProducer = (producer: string) => PublishedTrack | null;

const NOTHING = JSON.stringify([null, null]);

export class Subscription {
  readonly #assignment = new Assignment();
  /** Source and want by mid, as routed. */
  readonly #routed = new Map<string, string>();
  /** Sections whose source the worker chooses. */
  readonly #following = new Map<string, 'speaker' | 'loudest'>();
  /** Producers by mid: as routed; of following sections as the worker told last. */
  readonly #present = new Map<string, string>();
  #told = '';

  /** `sections`: those that receive. */
  update(
    sections: readonly ReceivingSection[],
    { planned, beyond }: Pick<Plan, 'planned' | 'beyond'>,
    find: FindProducer,
  ): SubscriptionUpdate {
    const { carried, missing } = this.#assignment.update(sections, planned);
    for (const mid of this.#routed.keys()) if (!carried.has(mid)) this.#forget(mid);

    const routes: Route[] = [];
    const streams: StreamAssignment[] = [];
    for (const [mid, stream] of carried) {
      const route = this.#route(mid, stream);
      if (route) routes.push(route);
      streams.push(this.#assigned(mid, stream, find));
    }
    const payload = {
      streams,
      missing: { audio: missing.audio + beyond.audio, video: missing.video + beyond.video },
    };
    const text = JSON.stringify(payload);
    const changed = text !== this.#told;
    this.#told = text;
    return { routes, streams: changed ? payload : null };
  }

  /** The worker says what a section carries now. Whom that section follows, or null if there is nothing new in it. */
  sourceChanged(mid: string, producer: string | null): 'speaker' | 'loudest' | null {
    const follow = this.#following.get(mid);
    if (!follow || (this.#present.get(mid) ?? null) === producer) return null;
    if (producer === null) this.#present.delete(mid);
    else this.#present.set(mid, producer);
    return follow;
  }

  /** The transport is another: its routes are all to be set. */
  forgetRoutes(): void {
    this.#routed.clear();
    this.#following.clear();
    this.#present.clear();
  }

  /** Not all of the routes got through: they are all to be set, on the same transport. */
  routesFailed(): void {
    // Also those to nothing.
    for (const mid of this.#routed.keys()) this.#routed.set(mid, '');
  }

  /** The client may have missed something: it is told again. */
  forgetTold(): void {
    this.#told = '';
  }

  #forget(mid: string): void {
    this.#routed.delete(mid);
    this.#following.delete(mid);
    this.#present.delete(mid);
  }

  #route(mid: string, stream: PlannedStream | null): Route | null {
    const source = sourceOf(stream);
    if (stream?.follow) {
      // What it carries now it carries until the worker says otherwise.
      this.#following.set(mid, stream.follow);
    } else {
      this.#following.delete(mid);
      const producer = stream?.track?.producer;
      if (producer) this.#present.set(mid, producer);
      else this.#present.delete(mid);
    }
    const want = source ? stream?.want : undefined;
    const text = JSON.stringify([source, want ?? null]);
    if ((this.#routed.get(mid) ?? NOTHING) === text) return null;
    this.#routed.set(mid, text);
    return { mid, source, ...(want && { want }) };
  }

  #assigned(mid: string, stream: PlannedStream | null, find: FindProducer): StreamAssignment {
    const producer = this.#present.get(mid);
    const track = stream?.follow ? (producer === undefined ? null : find(producer)) : (stream?.track ?? null);
    return {
      mid,
      participant: track?.participant ?? null,
      source: track?.source ?? null,
      track: track?.id ?? null,
      csrc: track?.producer ? sourceTag(track.producer) : null,
      ...(track?.producer && track.former && { formerCsrc: sourceTag(track.former.producer) }),
      ...(stream?.follow && { follow: stream.follow }),
    };
  }
}

function sourceOf(stream: PlannedStream | null): StreamSource {
  if (stream?.follow) return { follow: stream.follow };
  const producer = stream?.track?.producer;
  return producer ? { producer } : null;
}
