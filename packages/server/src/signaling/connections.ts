/** How many connections an address may open and have open, whatever they are for. */
import type { IncomingMessage } from 'node:http';
import type { ErrorReply } from '@efir/protocol';
import type { Server as IoServer, Namespace } from 'socket.io';
import { errorReply } from '../errors.js';
import { addressKey, type Limits } from '../limits.js';

export interface ConnectionLimits {
  limits: Limits;
  /** Of the client, believing the proxies that are to be believed. */
  clientAddress: (request: IncomingMessage) => string;
}

/** Those above the rate are refused with `connect_error`, the reply in its `data`. */
export function limitConnections(namespace: Namespace, { limits, clientAddress }: ConnectionLimits): void {
  namespace.use((socket, next) => {
    limits.take('connections', addressKey(clientAddress(socket.request))).then(
      () => next(),
      (error) => next(connectionRefused(error)),
    );
  });
}

/** Counts connections of Engine.IO, before they have joined a namespace and if they never do. */
export class OpenConnections {
  readonly #byAddress = new Map<string, number>();
  readonly #max: number;
  readonly #clientAddress: ConnectionLimits['clientAddress'];

  /** `max`: of one address. */
  constructor(max: number, clientAddress: ConnectionLimits['clientAddress']) {
    this.#max = max;
    this.#clientAddress = clientAddress;
  }

  admits(request: IncomingMessage): boolean {
    return (this.#byAddress.get(this.#key(request)) ?? 0) < this.#max;
  }

  watch(engine: IoServer['engine']): void {
    engine.on('connection', (connection: { request: IncomingMessage; once(event: 'close', on: () => void): void }) => {
      const key = this.#key(connection.request);
      this.#add(key, 1);
      connection.once('close', () => this.#add(key, -1));
    });
  }

  #key(request: IncomingMessage): string {
    return addressKey(this.#clientAddress(request));
  }

  #add(key: string, change: 1 | -1): void {
    const count = (this.#byAddress.get(key) ?? 0) + change;
    if (count > 0) this.#byAddress.set(key, count);
    else this.#byAddress.delete(key);
  }
}

function connectionRefused(error: unknown): Error & { data: ErrorReply } {
  const reply = errorReply(error);
  return Object.assign(new Error(reply.message), { data: reply });
}
