/**
 * What a node knows of the others and says to them. `MemoryCluster` is one machine (or several nodes of one process, in
 * tests); `RedisCluster` is many. Whatever comes from a node is validated before it comes out here.
 *
 * When the memory of the cluster is out of reach, `available` is false, nodes and rooms stay as they were last known, and
 * only what needs the others fails, with `unavailable`. Nothing local depends on it.
 */
import type { EventEmitter } from 'node:events';
import type { ClusterMessage, HomeFacts, NodeInfo, NodeLoad, NodeReport, WorkerLoad } from './schema.js';

export interface NodeRecord extends NodeInfo {
  self: boolean;
  /** Takes nobody new. */
  draining: boolean;
  /** Why nobody is to be placed there; null: it may be. */
  isolated: string | null;
  /** Of its last report that made sense; null: none yet. */
  load: NodeLoad | null;
  workers: WorkerLoad[];
  /** Reports that it made; changes with each. */
  reports: number;
  /** When it was last heard of, ms of this process's monotonic clock. */
  seenMs: number;
}

export interface HomeRecord {
  room: string;
  /** The node that answers for the room, and its life. */
  node: string;
  instance: string;
  facts: HomeFacts;
}

export interface ClusterEvents {
  'node-up': [node: NodeRecord];
  'node-down': [node: NodeRecord, reason: 'left' | 'lost'];
  /** Its report, its draining or its isolation is another. */
  'node-changed': [node: NodeRecord];
  available: [];
  unavailable: [reason: string];
  /** Of a room that is watched or was claimed here; null: nobody's any more. */
  'home-changed': [room: string, home: HomeRecord | null];
}

/** Answers requests of other nodes. What it throws becomes `refused` there; a `code` of the error goes along. */
export type RequestHandler = (message: ClusterMessage, from: NodeRecord) => unknown;

/** `data` null: the node is no longer in the room. */
export type RoomListener = (node: string, data: unknown) => void;

/** Since the start, by name; for metrics. */
export interface ClusterCounters {
  /** What came with a signature of another secret, or none. */
  badSignatures: number;
  /** What was signed and yet of no shape that is known. */
  badMessages: number;
  /** Messages that had been seen before, or were for an earlier life of this node. */
  replays: number;
  requestsSent: number;
  requestsFailed: number;
  requestsServed: number;
  memoryErrors: number;
  reconnects: number;
  /** Homes that were another node's after an outage. */
  homesLost: number;
  nodesIsolated: number;
  nodesEvicted: number;
}

export interface Cluster extends EventEmitter<ClusterEvents> {
  readonly self: NodeInfo;
  readonly available: boolean;
  readonly counters: Readonly<ClusterCounters>;
  /** Those that are up, this one among them, by id. */
  nodes(): NodeRecord[];
  node(id: string): NodeRecord | null;
  /** Tells the others at the next beat. What makes no sense isolates this node. */
  report(report: NodeReport): void;
  /** Tells the others at once. */
  drain(draining: boolean): void;
  /** Resolves with what the handler there returned. Rejects with `ClusterError`. */
  request(node: string, message: ClusterMessage, timeoutMs?: number): Promise<unknown>;
  serve(handler: RequestHandler): void;
  /**
   * Makes this node the room's home unless a live one is; resolves with who is it now. By the home itself: new facts.
   * Rejects with `unavailable` also for some seconds after the memory was lost, when other homes may not be back yet.
   */
  claimHome(room: string, facts: HomeFacts): Promise<HomeRecord>;
  /** Null: nobody, or a node that is gone. */
  homeOf(room: string): Promise<HomeRecord | null>;
  /** What the last home said of the room, also when it is gone without a word; null: nothing, or that was long ago. */
  lastFacts(room: string): Promise<HomeFacts | null>;
  /** From this node, which is the home, to another; there is one all the time. Resolves with whether it was this node's. */
  passHome(room: string, to: NodeRecord): Promise<boolean>;
  /** Nothing if it is another's. */
  releaseHome(room: string): Promise<void>;
  /** All rooms that have a home; at most `limit`. */
  homes(limit?: number): Promise<HomeRecord[]>;
  /** This node's part in a room: the whole of it each time, JSON, 256 KiB at most; null: no more. Kept over outages. */
  announce(room: string, data: unknown): void;
  /** What other nodes announce: first what there is, then what changes. Returns the end of it. */
  watch(room: string, listener: RoomListener): () => void;
  /**
   * Something speaks against this node's life (its pipes are silent): asks it, and takes its lease away if it doesn't
   * answer. Resolves with whether it is gone.
   */
  suspect(node: string): Promise<boolean>;
  /** Leaves, telling the others. */
  close(): Promise<void>;
}

export function noCounters(): ClusterCounters {
  return {
    ...{ badSignatures: 0, badMessages: 0, replays: 0, requestsSent: 0, requestsFailed: 0, requestsServed: 0 },
    ...{ memoryErrors: 0, reconnects: 0, homesLost: 0, nodesIsolated: 0, nodesEvicted: 0 },
  };
}

/** Bytes of JSON that one request, answer or home's facts may have. */
export const MAX_MESSAGE_BYTES = 65_536;
export const MAX_ANNOUNCEMENT_BYTES = 262_144;
export const MAX_PENDING_REQUESTS = 2000;
export const REQUEST_TIMEOUT_MS = 3000;
