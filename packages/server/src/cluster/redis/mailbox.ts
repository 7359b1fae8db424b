/**
 * Requests between nodes. Each message is signed, is for one life of its receiver, and has a higher number than the one
 * before from the same life of its sender: what was recorded can't be played again.
 */
import { z } from 'zod';
import {
  type ClusterCounters,
  MAX_MESSAGE_BYTES,
  MAX_PENDING_REQUESTS,
  type NodeRecord,
  type RequestHandler,
} from '../cluster.js';
import { ClusterError } from '../errors.js';
import { ClusterMessage, InstanceId, NodeId } from '../schema.js';
import { described } from '../serving.js';
import type { Seal } from './seal.js';

const Envelope = z.strictObject({
  from: NodeId,
  instance: InstanceId,
  to: InstanceId,
  number: z.number().int().min(0),
  id: z.number().int().min(0),
  body: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('ping') }),
    z.strictObject({ kind: z.literal('ask'), message: ClusterMessage }),
    z.strictObject({ kind: z.literal('answer'), value: z.unknown() }),
    z.strictObject({ kind: z.literal('error'), code: z.string().max(64), message: z.string().max(1000) }),
  ]),
});
type Body = z.infer<typeof Envelope>['body'];

export interface MailboxOptions {
  self: { id: string; instance: string };
  seal: Seal;
  counters: ClusterCounters;
  /** Those that are up. */
  node(id: string): NodeRecord | null;
  /** Resolves with how many listen there. */
  post(node: string, text: string): Promise<number>;
  /** A message of a node that isn't known came. Resolves when it was looked for. */
  stranger(): Promise<void>;
}

interface Pending {
  node: string;
  resolve(value: unknown): void;
  reject(error: ClusterError): void;
  timer: NodeJS.Timeout;
}

/** Lives whose last number is remembered. */
const MAX_SENDERS = 8192;
const MAX_SERVING = 2000;
/** Above the message: addresses, and what escapes JSON needs inside JSON. */
const ENVELOPE_BYTES = 2048;

export class Mailbox {
  readonly #options: MailboxOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #lastNumbers = new Map<string, number>();
  #handler: RequestHandler | null = null;
  #serving = 0;
  #number = 0;
  #requests = 0;

  constructor(options: MailboxOptions) {
    this.#options = options;
  }

  serve(handler: RequestHandler): void {
    this.#handler = handler;
  }

  async request(node: string, message: ClusterMessage, timeoutMs: number): Promise<unknown> {
    return this.#ask(node, { kind: 'ask', message }, timeoutMs);
  }

  /** Whether it answers. */
  async ping(node: string, timeoutMs: number): Promise<boolean> {
    return this.#ask(node, { kind: 'ping' }, timeoutMs).then(
      () => true,
      () => false,
    );
  }

  /** All that is under way to a node that is gone. */
  abandon(node: string | null, error: ClusterError): void {
    for (const [id, pending] of this.#pending) {
      if (node !== null && pending.node !== node) continue;
      this.#pending.delete(id);
      clearTimeout(pending.timer);
      pending.reject(error);
    }
  }

  /** Text from the channel of this node. */
  receive(text: string): void {
    const { seal, self, counters } = this.#options;
    const opened = seal.open(`to:${self.id}`, text, MAX_MESSAGE_BYTES + ENVELOPE_BYTES);
    if (opened === undefined) {
      counters.badSignatures++;
      return;
    }
    const result = Envelope.safeParse(opened);
    if (!result.success) {
      counters.badMessages++;
      return;
    }
    const { from, instance, to, number, id, body } = result.data;
    if (to !== self.instance || number <= (this.#lastNumbers.get(instance) ?? -1)) {
      counters.replays++;
      return;
    }
    this.#remember(instance, number);
    if (body.kind === 'answer' || body.kind === 'error') {
      this.#answered(id, from, body);
      return;
    }
    void this.#serve({ id, from, instance }, body);
  }

  async #ask(node: string, body: Body, timeoutMs: number): Promise<unknown> {
    const { counters } = this.#options;
    const record = this.#options.node(node);
    if (!record) throw new ClusterError('no-node', `there is no node ${node}`);
    if (this.#pending.size >= MAX_PENDING_REQUESTS) {
      throw new ClusterError('overloaded', 'too many requests to other nodes are under way');
    }
    const id = this.#requests++;
    const text = this.#write(record, id, body);
    counters.requestsSent++;
    try {
      return await new Promise<unknown>((resolve, reject) => {
        const timer = setTimeout(() => {
          this.#pending.delete(id);
          reject(new ClusterError('timeout', `node ${node} did not answer within ${timeoutMs} ms`));
        }, timeoutMs);
        this.#pending.set(id, { node, resolve, reject, timer });
        this.#options.post(node, text).then(
          (listeners) => {
            if (listeners === 0) this.#fail(id, new ClusterError('no-node', `node ${node} does not listen`));
          },
          (error: ClusterError) => this.#fail(id, error),
        );
      });
    } catch (error) {
      counters.requestsFailed++;
      throw error;
    }
  }

  #fail(id: number, error: ClusterError): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    pending.reject(error);
  }

  #answered(id: number, from: string, body: Extract<Body, { kind: 'answer' | 'error' }>): void {
    const pending = this.#pending.get(id);
    if (!pending || pending.node !== from) return;
    if (body.kind === 'error') {
      this.#fail(id, new ClusterError('refused', body.message, { remoteCode: body.code }));
      return;
    }
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    pending.resolve(body.value);
  }

  async #serve(
    { id, from, instance }: { id: number; from: string; instance: string },
    body: Extract<Body, { kind: 'ask' | 'ping' }>,
  ): Promise<void> {
    const { counters } = this.#options;
    const reply = (answer: Body): void => {
      const text = this.#write({ id: from, instance }, id, answer);
      this.#options.post(from, text).catch(() => {});
    };
    if (body.kind === 'ping') return reply({ kind: 'answer', value: null });
    let record = this.#options.node(from);
    if (record?.instance !== instance) {
      await this.#options.stranger();
      record = this.#options.node(from);
    }
    if (!record || record.instance !== instance) {
      return reply({ kind: 'error', code: 'no-node', message: 'this node does not know yours yet: try again' });
    }
    if (this.#serving >= MAX_SERVING) {
      return reply({ kind: 'error', code: 'overloaded', message: 'too many requests are being served' });
    }
    this.#serving++;
    counters.requestsServed++;
    try {
      if (!this.#handler) throw new ClusterError('unavailable', 'this node does not serve yet');
      const value = (await this.#handler(body.message, record)) ?? null;
      try {
        reply({ kind: 'answer', value });
      } catch (error) {
        reply({ kind: 'error', ...described(error) });
      }
    } catch (error) {
      reply({ kind: 'error', ...described(error) });
    } finally {
      this.#serving--;
    }
  }

  #write(to: { id: string; instance: string }, id: number, body: Body): string {
    const { self, seal } = this.#options;
    const number = this.#number++;
    const text = seal.close(`to:${to.id}`, {
      from: self.id,
      instance: self.instance,
      to: to.instance,
      number,
      id,
      body,
    });
    if (Buffer.byteLength(text) > MAX_MESSAGE_BYTES) {
      throw new ClusterError('too-large', `a message between nodes has ${MAX_MESSAGE_BYTES} bytes at most`);
    }
    return text;
  }

  #remember(instance: string, number: number): void {
    this.#lastNumbers.delete(instance);
    this.#lastNumbers.set(instance, number);
    if (this.#lastNumbers.size <= MAX_SENDERS) return;
    const [oldest] = this.#lastNumbers.keys();
    if (oldest !== undefined) this.#lastNumbers.delete(oldest);
  }
}
