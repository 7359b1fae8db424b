/**
 * The cluster as an administrator sees it. `GET /api/cluster` -> `ClusterView`; `POST /api/cluster/nodes/{id}/drain` with
 * `DrainRequest` or nothing; both with `Authorization: Bearer <admin token>`.
 */
import { z } from 'zod';

const Count = z.number().int().min(0);
const BitRate = z.number().min(0);

export const ClusterNodeLimits = z.object({
  /** Who only receive, in all rooms together. */
  viewers: Count,
  /** Sent, bit/s; null: not limited. */
  bandwidthBps: BitRate.nullable(),
  /** Streams sent; null: not limited. */
  streams: Count.nullable(),
  /** Nodes that may pull one broadcast from it. */
  children: Count.optional(),
});
export type ClusterNodeLimits = z.infer<typeof ClusterNodeLimits>;

export const ClusterNodeLoad = z.object({
  /** Share of all workers' cores, 0..1. */
  cpu: z.number().min(0),
  /** The busiest worker's loop, 0..1. */
  loop: z.number().min(0),
  receiveBps: BitRate,
  sendBps: BitRate,
  viewers: Count,
  participants: Count,
  /** Streams sent. */
  streams: Count,
  rooms: Count,
  rssBytes: z.number().min(0),
});
export type ClusterNodeLoad = z.infer<typeof ClusterNodeLoad>;

export const ClusterWorker = z.object({
  index: Count,
  cpu: z.number().min(0),
  loop: z.number().min(0),
  sendBps: BitRate,
  receiveBps: BitRate,
  transports: Count,
  port: Count,
});
export type ClusterWorker = z.infer<typeof ClusterWorker>;

export const ClusterNode = z.object({
  id: z.string(),
  url: z.string(),
  region: z.string().nullable(),
  version: z.string(),
  /** Takes nobody new, and those on it are moved. */
  draining: z.boolean(),
  /** Why nobody is placed there; absent or null: it may be. */
  isolated: z.string().nullish(),
  limits: ClusterNodeLimits,
  /** Null: it has not reported yet. */
  load: ClusterNodeLoad.nullable(),
  workers: z.array(ClusterWorker),
});
export type ClusterNode = z.infer<typeof ClusterNode>;

/** A pipe: one direction, one room. */
export const ClusterLink = z.object({
  id: z.string(),
  room: z.string(),
  /** Ids of nodes; media goes from one to the other. */
  from: z.string(),
  to: z.string(),
  bitrateBps: BitRate,
  streams: Count,
  rttMs: z.number().min(0).nullable(),
  /** 0..1. */
  lossShare: z.number().min(0).max(1),
  /** `connected` is the good one; `standby` is ready to take over; others (`opening`, `waiting`, `closed`) carry nothing. */
  state: z.string(),
});
export type ClusterLink = z.infer<typeof ClusterLink>;

export const ClusterRoomNode = z.object({
  node: z.string(),
  viewers: Count,
  participants: Count,
  /** The node it receives from in a broadcast; null: the home, or a call. */
  parent: z.string().nullable(),
  /** Hops from the home. */
  depth: Count,
});
export type ClusterRoomNode = z.infer<typeof ClusterRoomNode>;

export const ClusterRoom = z.object({
  id: z.string(),
  kind: z.enum(['call', 'broadcast']),
  /** Null: between two homes. */
  home: z.string().nullable(),
  nodes: z.array(ClusterRoomNode),
  /** How many publish. */
  publishers: Count,
});
export type ClusterRoom = z.infer<typeof ClusterRoom>;

export const DrainRequest = z.strictObject({
  /** False: it takes viewers again. */
  draining: z.boolean().default(true),
});
export type DrainRequest = z.infer<typeof DrainRequest>;

export const ClusterView = z.object({
  /** The node that answers. */
  self: z.string(),
  /** The memory of the cluster (Redis) is in reach. Without it all goes on as it is, and new rooms are refused. */
  available: z.boolean(),
  nodes: z.array(ClusterNode),
  links: z.array(ClusterLink),
  rooms: z.array(ClusterRoom),
});
export type ClusterView = z.infer<typeof ClusterView>;
