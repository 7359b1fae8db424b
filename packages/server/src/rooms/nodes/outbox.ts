/**
 * What people of a room say to people on one other node: in order, each once, by requests of the cluster, one at a time. What
 * can't be said now waits a while, and the waiting is bounded. `Inbox` is the other end.
 */
import { ParticipantId, SayRequest } from '@efir/protocol';
import { z } from 'zod';
import { RoomName } from '../../cluster/schema.js';

export const CALL_SAID = 'call-said';

const Said = SayRequest.extend({ from: ParticipantId });
export type Said = z.infer<typeof Said>;

export const CallSaid = z.strictObject({
  type: z.literal(CALL_SAID),
  room: RoomName,
  /** Of one outbox. */
  stream: z.string().min(1).max(64),
  /** Number of the first message; from 1. */
  first: z.number().int().min(1),
  messages: z.array(Said).max(1000),
});
export type CallSaid = z.infer<typeof CallSaid>;

/** Waiting, bytes of JSON. */
const MAX_WAITING = 2_000_000;
/** Of one request, bytes of JSON. */
export const MAX_REQUEST_BYTES = 60_000;
const RETRY_MS = 300;
/** Who waited so long has asked others by now. */
const MAX_AGE_MS = 20_000;

interface Waiting {
  said: Said;
  size: number;
  sinceMs: number;
}

export interface OutboxOptions {
  room: string;
  stream: string;
  /** Rejects with whether there is sense in trying again. */
  send(message: CallSaid): Promise<void>;
  /** Is that worth another attempt? */
  passing(error: unknown): boolean;
}

export class Outbox {
  readonly #options: OutboxOptions;
  #waiting: Waiting[] = [];
  #size = 0;
  #sent = 0;
  #busy = false;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** False: there is no space for it. */
  add(said: Said): boolean {
    const size = sizeOf(said);
    if (this.#closed || this.#size + size > MAX_WAITING) return false;
    this.#waiting.push({ said, size, sinceMs: performance.now() });
    this.#size += size;
    void this.#run();
    return true;
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#waiting = [];
    this.#size = 0;
  }

  async #run(): Promise<void> {
    if (this.#busy || this.#timer || this.#closed) return;
    this.#busy = true;
    while (this.#waiting.length > 0 && !this.#closed) {
      const batch = this.#batch();
      const { room, stream } = this.#options;
      const messages = batch.map(({ said }) => said);
      try {
        await this.#options.send({ type: CALL_SAID, room, stream, first: this.#sent + 1, messages });
        this.#drop(batch);
      } catch (error) {
        if (this.#closed) break;
        const old = performance.now() - (batch[0]?.sinceMs ?? 0) > MAX_AGE_MS;
        // Numbers that are never heard are no trouble: the other end only looks for what is higher.
        if (old || !this.#options.passing(error)) this.#drop(batch);
        else {
          this.#timer = setTimeout(() => {
            this.#timer = null;
            void this.#run();
          }, RETRY_MS);
          break;
        }
      }
    }
    this.#busy = false;
  }

  #batch(): Waiting[] {
    let size = 0;
    const end = this.#waiting.findIndex((one, at) => {
      size += one.size;
      return at > 0 && (size > MAX_REQUEST_BYTES || at >= 1000);
    });
    return end < 0 ? [...this.#waiting] : this.#waiting.slice(0, end);
  }

  #drop(batch: readonly Waiting[]): void {
    if (this.#closed) return;
    this.#waiting.splice(0, batch.length);
    this.#sent += batch.length;
    for (const { size } of batch) this.#size -= size;
  }
}

/** Bytes of JSON. */
export function sizeOf(said: Said): number {
  return Buffer.byteLength(JSON.stringify(said)) + 1;
}

/** Takes what was not heard before. */
export class Inbox {
  readonly #heard = new Map<string, { stream: string; last: number }>();

  take(node: string, { stream, first, messages }: CallSaid): Said[] {
    const before = this.#heard.get(node);
    const last = before?.stream === stream ? before.last : 0;
    this.#heard.set(node, { stream, last: Math.max(last, first + messages.length - 1) });
    return messages.slice(Math.max(0, last + 1 - first));
  }
}
