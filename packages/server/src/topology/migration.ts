/**
 * One move of a room, make-before-break: everybody builds the new path beside the old one and says so; when all have, the
 * room is on the new one. Whoever fails, or is not ready in time, ends the move and the room stays. Who comes during it is
 * waited for, who goes is not. Times are ms of one clock.
 */
import type { LiveTopology, TopologyReason } from '@efir/protocol';

export interface MigrationOptions {
  /** Tells it from all others of the room. */
  epoch: number;
  from: LiveTopology;
  to: LiveTopology;
  reason: TopologyReason;
  /** For each participant; the whole takes twice that at most, however many come during it. */
  timeoutMs: number;
}

export type MigrationOutcome =
  | { type: 'wait'; untilMs: number }
  | { type: 'commit' }
  | { type: 'abort'; reason: 'timeout' | 'client-failed'; participant: string };

export class Migration {
  readonly epoch: number;
  readonly from: LiveTopology;
  readonly to: LiveTopology;
  readonly reason: TopologyReason;
  readonly startedAt: number;
  readonly #timeoutMs: number;
  /** Deadlines of those who are not ready. */
  readonly #waiting = new Map<string, number>();
  readonly #ready = new Set<string>();
  #failed: string | null = null;

  constructor({ epoch, from, to, reason, timeoutMs }: MigrationOptions, members: Iterable<string>, now: number) {
    this.epoch = epoch;
    this.from = from;
    this.to = to;
    this.reason = reason;
    this.startedAt = now;
    this.#timeoutMs = timeoutMs;
    for (const member of members) this.#await(member, now);
  }

  /** Who is in the room and connected now: newcomers are awaited, those gone are not. */
  setMembers(members: ReadonlySet<string>, now: number): void {
    for (const member of members) if (!this.#ready.has(member) && !this.#waiting.has(member)) this.#await(member, now);
    for (const member of [...this.#ready, ...this.#waiting.keys()]) if (!members.has(member)) this.#forget(member);
  }

  /** Their page is another one: what it said before is void. */
  renewed(member: string, now: number): void {
    if (!this.#ready.has(member) && !this.#waiting.has(member)) return;
    this.#forget(member);
    this.#await(member, now);
  }

  /** Of somebody who is not awaited it says nothing. */
  report(member: string, ok: boolean): void {
    if (!this.#ready.has(member) && !this.#waiting.has(member)) return;
    if (!ok) this.#failed ??= member;
    else if (this.#waiting.delete(member)) this.#ready.add(member);
  }

  outcome(now: number): MigrationOutcome {
    if (this.#failed !== null) return { type: 'abort', reason: 'client-failed', participant: this.#failed };
    let untilMs = Number.POSITIVE_INFINITY;
    for (const [participant, deadline] of this.#waiting) {
      if (now >= deadline) return { type: 'abort', reason: 'timeout', participant };
      untilMs = Math.min(untilMs, deadline);
    }
    return this.#waiting.size === 0 ? { type: 'commit' } : { type: 'wait', untilMs };
  }

  #await(member: string, now: number): void {
    const last = this.startedAt + 2 * this.#timeoutMs;
    this.#waiting.set(member, Math.min(now + this.#timeoutMs, last));
  }

  #forget(member: string): void {
    this.#ready.delete(member);
    this.#waiting.delete(member);
    if (this.#failed === member) this.#failed = null;
  }
}
