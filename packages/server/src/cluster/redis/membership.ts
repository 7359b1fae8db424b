/** This node among the members: joining, its state, reading the others. */
import { z } from 'zod';
import type { ClusterCounters } from '../cluster.js';
import { ClusterError } from '../errors.js';
import type { MemberRow, NodeState, NodeTable } from '../node-table.js';
import { InstanceId, NodeInfo, type NodeReport, NodeStateShape } from '../schema.js';
import type { Keys } from './keys.js';
import type { Link } from './link.js';
import { BEAT, JOIN } from './scripts.js';
import type { Seal } from './seal.js';

const MAX_INFO_BYTES = 4096;
/** With 256 workers. */
const MAX_STATE_BYTES = 65_536;
/** How long only those may claim rooms who had them, after Redis forgot everything. */
const SETTLE_MS = 3000;
const MAX_GONE = 1000;

const Notice = z.strictObject({
  /** `left`, `lost`: that life is over. `refused`: with the wrong secret, so that the others count it. */
  what: z.enum(['changed', 'left', 'lost', 'refused']),
  instance: InstanceId,
});
const State = z.strictObject({ instance: InstanceId, ...NodeStateShape.shape });

export interface MembershipOptions {
  self: NodeInfo;
  link: Link;
  keys: Keys;
  seal: Seal;
  counters: ClusterCounters;
  leaseMs: number;
}

export class Membership {
  readonly #options: MembershipOptions;
  readonly #state: NodeState = { sequence: 0, draining: false, reports: 0, report: null };
  /** Lives that are over, as they said themselves or who took their lease away. */
  readonly gone = new Map<string, 'left' | 'lost'>();
  readonly #infos = new Map<string, NodeInfo>();
  #sealedState = '';

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#sealState();
  }

  report(report: NodeReport): void {
    this.#state.reports++;
    this.#state.report = report;
    this.#sealState();
  }

  /** Whether it wasn't so before. */
  drain(draining: boolean): boolean {
    if (this.#state.draining === draining) return false;
    this.#state.draining = draining;
    this.#sealState();
    return true;
  }

  /** For the channel of all: of this node, or of another's life. */
  notice(what: z.infer<typeof Notice>['what'], instance = this.#options.self.instance): string {
    return this.#options.seal.close('all', { what, instance });
  }

  /** From the channel of all. */
  heard(text: string): void {
    const { seal, counters } = this.#options;
    const result = Notice.safeParse(seal.open('all', text, 512));
    if (!result.success) {
      counters.badSignatures++;
      return;
    }
    const { what, instance } = result.data;
    if (what === 'left' || what === 'lost') this.gone.set(instance, what);
    else this.gone.delete(instance);
    const [oldest] = this.gone.keys();
    if (this.gone.size > MAX_GONE && oldest !== undefined) this.gone.delete(oldest);
  }

  /** Rejects with `wrong-secret` or `id-taken`. `again`: it was a member before. */
  async join(again: boolean): Promise<void> {
    const { self, link, keys, seal, leaseMs } = this.#options;
    const { members, instances, infos, states, proof, settling } = keys;
    const info = seal.close(`info:${self.id}`, self);
    let accepted = '';
    for (let i = 0; i < 3; i++) {
      const reply = await link.run(
        JOIN,
        [members, instances, infos, states, proof, settling],
        [self.id, self.instance, leaseMs, info, this.#sealedState, seal.proof(), accepted, again ? 1 : 0, SETTLE_MS],
      );
      const [outcome, detail = ''] = reply as string[];
      if (outcome === 'joined') return;
      if (outcome === 'taken') throw new ClusterError('id-taken', `another node has the id ${self.id}`);
      if (!seal.proves(detail)) {
        await link.command((redis) => redis.publish(keys.all, this.notice('refused')));
        throw new ClusterError('wrong-secret', 'the nodes of this cluster have another secret');
      }
      accepted = detail;
    }
    throw new ClusterError('unavailable', 'the proof of the cluster keeps changing', { retryAfterSeconds: 2 });
  }

  /** All members; null: this node is none (any more). Rejects with `id-taken` if another has its place. */
  async beat(table: NodeTable): Promise<MemberRow[] | null> {
    const { self, link, keys, leaseMs } = this.#options;
    const names = [keys.members, keys.instances, keys.infos, keys.states];
    const reply = (await link.run(BEAT, names, [self.id, self.instance, leaseMs, this.#sealedState])) as string[];
    if (reply[0] !== 'ok') {
      if (reply[1]) throw new ClusterError('id-taken', `another node has taken the id ${self.id}`);
      return null;
    }
    const raw: { id: string; instance: string; state: string }[] = [];
    for (let i = 1; i + 2 < reply.length; i += 3) {
      raw.push({ id: reply[i], instance: reply[i + 1], state: reply[i + 2] });
    }
    await this.#readInfos(raw, table);
    return raw.map(({ id, instance, state }) => {
      const info = this.#infos.get(instance) ?? null;
      return { id, instance, info, state: info && this.#readState(id, instance, state) };
    });
  }

  async #readInfos(rows: { id: string; instance: string }[], table: NodeTable): Promise<void> {
    const { link, keys, seal, counters } = this.#options;
    const unknown = rows.filter(({ instance }) => !this.#infos.has(instance));
    for (const instance of this.#infos.keys()) {
      const info = this.#infos.get(instance);
      if (info && table.instanceOf(info.id) !== instance && !rows.some((row) => row.instance === instance)) {
        this.#infos.delete(instance);
      }
    }
    if (unknown.length === 0) return;
    const texts = await link.command((redis) => redis.hmget(keys.infos, ...unknown.map(({ id }) => id)));
    unknown.forEach(({ id, instance }, i) => {
      const opened = seal.open(`info:${id}`, texts[i] ?? '', MAX_INFO_BYTES);
      const result = NodeInfo.safeParse(opened);
      if (result.success && result.data.id === id && result.data.instance === instance) {
        this.#infos.set(instance, result.data);
      } else if (opened === undefined) counters.badSignatures++;
      else counters.badMessages++;
    });
  }

  #readState(id: string, instance: string, text: string): NodeState | null {
    const { seal, counters } = this.#options;
    const opened = seal.open(`state:${id}`, text, MAX_STATE_BYTES);
    if (opened === undefined) {
      counters.badSignatures++;
      return null;
    }
    const result = State.safeParse(opened);
    if (result.success && result.data.instance === instance) {
      const { sequence, draining, reports, report } = result.data;
      return { sequence, draining, reports, report: report ?? null };
    }
    counters.badMessages++;
    return null;
  }

  #sealState(): void {
    const { self, seal } = this.#options;
    this.#state.sequence++;
    this.#sealedState = seal.close(`state:${self.id}`, { instance: self.instance, ...this.#state });
  }
}
