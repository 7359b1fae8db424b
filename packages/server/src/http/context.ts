import type { Request, RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Tokens } from '../auth/tokens.js';
import type { ClusterNode } from '../cluster-node.js';
import type { ServerConfig } from '../config/schema.js';
import { addressKey, type LimitName, type Limits } from '../limits.js';
import type { MediaWorkers } from '../media/workers.js';
import type { Metrics } from '../metrics.js';
import type { Rooms } from '../rooms/rooms.js';

/** What the HTTP routes work with. */
export interface HttpContext {
  config: ServerConfig;
  rooms: Rooms;
  workers: MediaWorkers;
  tokens: Tokens;
  limits: Limits;
  metrics: Metrics;
  log: Logger;
  node: ClusterNode;
}

/** Of the client, believing the proxies that are to be believed. */
export function addressOf(request: Request): string {
  return request.ip ?? request.socket.remoteAddress ?? '';
}

/** 429 for an address that has had its share. */
export function limited(limits: Limits, name: LimitName): RequestHandler {
  return async (request, _, next) => {
    await limits.take(name, addressKey(addressOf(request)));
    next();
  };
}
