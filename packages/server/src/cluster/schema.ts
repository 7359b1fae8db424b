/** What nodes tell each other of themselves. Bounds are those of sense: a report beyond them isolates its node. */
import { z } from 'zod';

/** Nodes of another one don't work together. */
export const CLUSTER_PROTOCOL = 1;

export const NodeId = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'is 1 to 64 letters, digits, dots, - or _');
/** One life of a node: a restart is another instance. */
export const InstanceId = z.string().regex(/^[0-9a-f]{32}$/);
export const Region = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'is 1 to 64 letters, digits, dots, - or _');
export const RoomName = z.string().min(1).max(128);

export const NodeLimits = z.strictObject({
  /** Who only receive, in all rooms together. */
  viewers: z.number().int().min(0).max(10_000_000),
  /** Sent, bit/s; null: not limited. */
  bandwidthBps: z.number().positive().max(1e13).nullable(),
  /** Streams sent; null: not limited. */
  streams: z.number().int().positive().max(1e9).nullable(),
  /** Nodes that may pull one room from it; default `DEFAULT_CHILDREN`. */
  children: z.number().int().min(1).max(1000).optional(),
});
export const DEFAULT_CHILDREN = 8;
export type NodeLimits = z.infer<typeof NodeLimits>;

export const NodeInfo = z.strictObject({
  protocol: z.number().int(),
  id: NodeId,
  instance: InstanceId,
  /** Where clients and other nodes reach it: `https://a.example.org`, no slash at the end. */
  url: z.string().url().max(300),
  region: Region.nullable(),
  version: z.string().max(64),
  limits: NodeLimits,
});
export type NodeInfo = z.infer<typeof NodeInfo>;

const share = (most: number) => z.number().min(0).max(most);
const count = (most: number) => z.number().int().min(0).max(most);
const BitRate = z.number().min(0).max(1e13);

export const NodeLoad = z.strictObject({
  /** Share of all workers' cores, 0..1; above only with threads for handshakes. */
  cpu: share(8),
  /** The busiest worker's loop, 0..1. */
  loop: share(1.5),
  receiveBps: BitRate,
  sendBps: BitRate,
  viewers: count(10_000_000),
  participants: count(10_000_000),
  /** Streams sent. */
  streams: count(1e9),
  rooms: count(10_000_000),
  rssBytes: z
    .number()
    .min(0)
    .max(2 ** 50),
  /** Viewers and participants that ever came, since the start: tells which of those that were sent there are in the figures. */
  arrivals: count(Number.MAX_SAFE_INTEGER),
});
export type NodeLoad = z.infer<typeof NodeLoad>;

export const WorkerLoad = z.strictObject({
  index: count(255),
  cpu: share(16),
  loop: share(1.5),
  sendBps: BitRate,
  receiveBps: BitRate,
  transports: count(1_000_000),
  port: count(65_535),
});
export type WorkerLoad = z.infer<typeof WorkerLoad>;

export const NodeReport = z.strictObject({ load: NodeLoad, workers: z.array(WorkerLoad).max(256) });
export type NodeReport = z.infer<typeof NodeReport>;

/** Ours to speak, so anything that JSON carries. */
export const ClusterMessage = z.looseObject({ type: z.string().min(1).max(64) });
export type ClusterMessage = z.infer<typeof ClusterMessage>;

export const HomeFacts = z.looseObject({ kind: z.enum(['call', 'broadcast']) });
/** What everybody must know of a room before they come in. */
export type HomeFacts = z.infer<typeof HomeFacts>;

/** The report, or why it can't be believed. */
export function judgeReport(value: unknown): { report: NodeReport; fault: null } | { report: null; fault: string } {
  const result = NodeReport.safeParse(value);
  if (result.success) return { report: result.data, fault: null };
  const issue = result.error.issues[0];
  const path = issue?.path.map(String).join('.') || 'report';
  return { report: null, fault: `reports an absurd load: ${path}: ${(issue?.message ?? 'unreadable').slice(0, 200)}` };
}

/** See `NodeState`. */
export const NodeStateShape = z.strictObject({
  sequence: count(Number.MAX_SAFE_INTEGER),
  draining: z.boolean(),
  reports: count(Number.MAX_SAFE_INTEGER),
  report: z.unknown(),
});
