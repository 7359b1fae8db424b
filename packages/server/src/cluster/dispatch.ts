/** Requests of other nodes, by type: each through its schema to whoever serves it. */
import type { z } from 'zod';
import { ServerError } from '../errors.js';
import { validate } from '../validation.js';
import type { Cluster, NodeRecord } from './cluster.js';
import type { ClusterMessage } from './schema.js';

type Serve = (message: ClusterMessage, from: NodeRecord) => unknown;

export class Dispatch {
  readonly #served = new Map<string, Serve>();

  constructor(cluster: Cluster) {
    cluster.serve((message, from) => this.#handle(message, from));
  }

  /** `schema` is of the whole message, its `type` included. What `serve` throws with a code goes back. */
  on<S extends z.ZodType>(type: string, schema: S, serve: (message: z.output<S>, from: NodeRecord) => unknown): void {
    this.#served.set(type, (message, from) => serve(validate(schema, message), from));
  }

  #handle(message: ClusterMessage, from: NodeRecord): unknown {
    const serve = this.#served.get(message.type);
    if (!serve) throw new ServerError('unsupported', `this node serves no request ${message.type}`);
    return serve(message, from);
  }
}
