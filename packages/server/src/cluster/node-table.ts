/**
 * The nodes as this one sees them, from what the memory says at each beat. Pure: `now` is ms of one monotonic clock of this
 * process. Ages are by what was received here and when; times of other nodes are never looked at.
 */
import type { NodeRecord } from './cluster.js';
import { CLUSTER_PROTOCOL, judgeReport, type NodeInfo } from './schema.js';

/** What a node says of itself with each beat. */
export interface NodeState {
  /** Grows with every change. */
  sequence: number;
  draining: boolean;
  /** How many reports it made. */
  reports: number;
  /** The last one, not validated; null: none yet. */
  report: unknown;
}

/** One member at one beat. `info` or `state` null: it is there, but what it says doesn't open or has no known shape. */
export interface MemberRow {
  id: string;
  instance: string;
  info: NodeInfo | null;
  state: NodeState | null;
}

export interface TableChanges {
  up: NodeRecord[];
  down: { node: NodeRecord; reason: 'left' | 'lost' }[];
  changed: NodeRecord[];
  /** Of `up` and `changed`, those that weren't isolated before. */
  isolated: NodeRecord[];
  replays: number;
}

/** A node whose report stays the same for so long is not to be relied on, though it has its lease. */
const STALE_MS = 10_000;
export const MAX_NODES = 4096;

interface Entry {
  record: NodeRecord;
  sequence: number;
  /** Since when its report is the one it is. */
  reportedMs: number;
}

export class NodeTable {
  readonly #entries = new Map<string, Entry>();
  readonly #selfInstance: string;
  readonly #staleMs: number;

  constructor(selfInstance: string, staleMs = STALE_MS) {
    this.#selfInstance = selfInstance;
    this.#staleMs = staleMs;
  }

  list(): NodeRecord[] {
    return [...this.#entries.values()].map(({ record }) => record).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  get(id: string): NodeRecord | null {
    return this.#entries.get(id)?.record ?? null;
  }

  /** Of the life that is up. */
  instanceOf(id: string): string | null {
    return this.#entries.get(id)?.record.instance ?? null;
  }

  /**
   * All members at this beat. Who is not among them is down, unless `keepMissing`: then the memory has just come back, and
   * others may not have found it yet. `gone`: lives that are known to be over.
   */
  update(
    rows: readonly MemberRow[],
    now: number,
    options: { keepMissing: boolean; gone: ReadonlyMap<string, 'left' | 'lost'> },
  ): TableChanges {
    const changes: TableChanges = { up: [], down: [], changed: [], isolated: [], replays: 0 };
    const seen = new Set<string>();
    for (const row of rows.slice(0, MAX_NODES)) {
      // Nothing is known of who never showed a right signature: as if it weren't there.
      if (!row.info || row.info.id !== row.id || row.info.instance !== row.instance) continue;
      seen.add(row.id);
      const before = this.#entries.get(row.id);
      if (before && before.record.instance !== row.instance) {
        this.#entries.delete(row.id);
        changes.down.push({ node: before.record, reason: 'lost' });
      }
      this.#see(row, row.info, now, changes);
    }
    for (const [id, { record }] of this.#entries) {
      if (seen.has(id)) continue;
      const gone = options.gone.get(record.instance);
      if (options.keepMissing && gone === undefined) continue;
      this.#entries.delete(id);
      changes.down.push({ node: record, reason: gone ?? 'lost' });
    }
    return changes;
  }

  #see(row: MemberRow, info: NodeInfo, now: number, changes: TableChanges): void {
    let entry = this.#entries.get(row.id);
    const fresh = entry === undefined;
    if (!entry) {
      const record: NodeRecord = {
        ...info,
        ...{ self: info.instance === this.#selfInstance, draining: false, isolated: null },
        ...{ load: null, workers: [], reports: 0, seenMs: now },
      };
      entry = { record, sequence: -1, reportedMs: now };
      this.#entries.set(row.id, entry);
    }
    const { record } = entry;
    record.seenMs = now;
    const wasIsolated = fresh ? null : record.isolated;
    let changed = false;
    if (row.state && row.state.sequence < entry.sequence) changes.replays++;
    if (row.state && row.state.sequence > entry.sequence) {
      changed = true;
      entry.sequence = row.state.sequence;
      record.draining = row.state.draining;
      if (row.state.reports !== record.reports) entry.reportedMs = now;
      record.reports = row.state.reports;
    }
    record.isolated = this.#judge(row, entry, now, changed);
    if (record.isolated !== wasIsolated) changed = true;
    if (record.isolated !== null && wasIsolated === null) changes.isolated.push(record);
    if (fresh) changes.up.push(record);
    else if (changed) changes.changed.push(record);
  }

  /** Why nobody is to be placed on it. */
  #judge({ info, state }: MemberRow, { record, reportedMs }: Entry, now: number, isNew: boolean): string | null {
    if (info?.protocol !== CLUSTER_PROTOCOL) return `speaks version ${info?.protocol} of the cluster's protocol`;
    if (!state) return 'what it says of itself cannot be read';
    if (isNew && state.report !== null) {
      const { report, fault } = judgeReport(state.report);
      if (fault !== null) return fault;
      record.load = report.load;
      record.workers = report.workers;
      return null;
    }
    if (record.isolated?.startsWith('reports an absurd load')) return record.isolated;
    if (record.load && now - reportedMs > this.#staleMs) return 'has not reported its load for a while';
    return null;
  }
}
