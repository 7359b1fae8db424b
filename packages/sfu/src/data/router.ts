/**
 * Passes messages between the clients of one router by their addresses, and those on `file` to and from people on other
 * nodes as well, by bridges. What came by a bridge goes to clients here only: nodes are a full mesh, and nothing goes round.
 */
import { withSender } from './address.js';
import type { DataBridge } from './bridge/bridge.js';
import { FarNodes } from './bridge/far-nodes.js';
import type { ChannelLabel } from './channels.js';
import type { DataCounters } from './counters.js';
import type { DataEndpoint } from './endpoint.js';
import { TokenBucket } from './token-bucket.js';

export interface RoutedMessage {
  label: ChannelLabel;
  /** Null: all others. */
  to: string | null;
  text: boolean;
  /** With heads, which end at `at`. */
  bytes: Uint8Array;
  at: number;
}

/** Whoever a message is from. */
export interface DataSender {
  readonly address: string;
  /** On another node. */
  readonly far: boolean;
  /** A receiver that had no room may have some. */
  wake(): void;
}

/** Deliveries of a router on `reliable` and `lossy`: many that are each within their rate must not be too many together. */
const DELIVERIES = { perSecond: 20_000, burst: 60_000 };

export class DataRouter {
  readonly far = new FarNodes<DataBridge>();
  readonly #endpoints = new Set<DataEndpoint>();
  readonly #byAddress = new Map<string, DataEndpoint>();
  /** Those who are on another node now as far as files are concerned. */
  readonly #departed = new Map<string, DataEndpoint>();
  /** Senders of files whose receivers had no room, who has waited longest first. */
  readonly #waiting = new Set<DataSender>();
  readonly #deliveries = new TokenBucket(DELIVERIES.perSecond, DELIVERIES.burst);

  constructor(readonly counters: DataCounters) {}

  get size(): number {
    return this.#endpoints.size;
  }

  /** Of the clients here. */
  get addresses(): Iterable<string> {
    return this.#byAddress.keys();
  }

  has(address: string): boolean {
    return this.#byAddress.has(address);
  }

  /** Who comes with an address that somebody has takes it over: a client that came back. */
  join(endpoint: DataEndpoint): void {
    const { address } = endpoint;
    this.#endpoints.add(endpoint);
    this.#byAddress.set(address, endpoint);
    for (const bridge of this.far.bridges()) bridge.tell(address);
  }

  /**
   * The client is going over to another node: files are to and from there at once, as they stand still until all nodes agree
   * where their ends are. What is said on the other channels is for here still, and would be lost.
   */
  depart(endpoint: DataEndpoint): void {
    const { address } = endpoint;
    if (this.#byAddress.get(address) !== endpoint) return;
    this.#byAddress.delete(address);
    this.#departed.set(address, endpoint);
    for (const bridge of this.far.bridges()) bridge.tell(address);
    this.hasRoomAgain();
  }

  leave(endpoint: DataEndpoint): void {
    const { address } = endpoint;
    this.#endpoints.delete(endpoint);
    this.#waiting.delete(endpoint);
    if (this.#departed.get(address) === endpoint) this.#departed.delete(address);
    if (this.#byAddress.get(address) === endpoint) {
      this.#byAddress.delete(address);
      for (const bridge of this.far.bridges()) bridge.tell(address);
    }
    this.hasRoomAgain();
  }

  /** False, for files only: a receiver has no room now; the sender is woken when it has. What can't be delivered is dropped. */
  pass(sender: DataSender, message: RoutedMessage, now: number): boolean {
    const { label, to, text, bytes, at } = message;
    if (label === 'file' && !sender.far && this.#departed.get(sender.address) === sender) {
      this.#waiting.delete(sender);
      return true;
    }
    const receivers = this.#receivers(sender, label, to);
    const bridges = label === 'file' && !sender.far ? this.#bridges(sender, to) : [];
    if (receivers.length + bridges.length === 0) {
      // Nobody else being there is no fault.
      if (to !== null) this.counters.dataNoReceiver++;
      this.#waiting.delete(sender);
      return true;
    }
    if (label === 'file') {
      const room = receivers.every((one) => one.hasRoom(label)) && bridges.every((one) => one.hasRoom(sender.address));
      if (!room) {
        this.#waiting.add(sender);
        return false;
      }
      this.#waiting.delete(sender);
    } else if (!this.#deliveries.take(receivers.length, now)) {
      this.counters.dataOverBudget++;
      return true;
    }
    if (receivers.length > 0) {
      const out = withSender(sender.address, bytes, at);
      for (const receiver of receivers) receiver.deliver(label, text, out);
    }
    for (const bridge of bridges) bridge.carry(sender.address, message);
    return true;
  }

  /** Somewhere is room for files again, or a receiver is gone. Each waits until it is served, so that nobody is passed over. */
  hasRoomAgain(): void {
    for (const sender of this.#waiting) sender.wake();
  }

  /** The sender is gone. */
  forget(sender: DataSender): void {
    this.#waiting.delete(sender);
  }

  #receivers(sender: DataSender, label: ChannelLabel, to: string | null): DataEndpoint[] {
    if (to !== null) {
      const receiver = this.#byAddress.get(to) ?? (label === 'file' ? undefined : this.#departed.get(to));
      return receiver && receiver !== sender && receiver.channels.isOpen(label) ? [receiver] : [];
    }
    const receivers: DataEndpoint[] = [];
    for (const endpoint of this.#endpoints)
      if (endpoint !== sender && endpoint.channels.isOpen(label)) {
        if (label !== 'file' || this.#departed.get(endpoint.address) !== endpoint) receivers.push(endpoint);
      }
    return receivers;
  }

  #bridges(sender: DataSender, to: string | null): DataBridge[] {
    const found = to === null ? this.far.ways() : this.has(to) ? [] : this.far.wayTo(to);
    return found.filter((bridge) => !bridge.isStuck(sender.address));
  }
}
