/** Passes messages between the clients of one router by their addresses. */
import { withSender } from './address.js';
import type { ChannelLabel } from './channels.js';
import type { DataCounters } from './counters.js';
import type { DataEndpoint } from './endpoint.js';
import { TokenBucket } from './token-bucket.js';

export interface RoutedMessage {
  label: ChannelLabel;
  /** Null: all others. */
  to: string | null;
  text: boolean;
  /** With the client's head, which ends at `at`. */
  bytes: Uint8Array;
  at: number;
}

/** Deliveries of a router on `reliable` and `lossy`: many that are each within their rate must not be too many together. */
const DELIVERIES = { perSecond: 20_000, burst: 60_000 };

export class DataRouter {
  readonly #endpoints = new Set<DataEndpoint>();
  readonly #byAddress = new Map<string, DataEndpoint>();
  /** Senders of files whose receivers had no room. */
  readonly #waiting = new Set<DataEndpoint>();
  readonly #deliveries = new TokenBucket(DELIVERIES.perSecond, DELIVERIES.burst);

  constructor(readonly counters: DataCounters) {}

  get size(): number {
    return this.#endpoints.size;
  }

  /** Who comes with an address that somebody has takes it over: a client that came back. */
  join(endpoint: DataEndpoint): void {
    this.#endpoints.add(endpoint);
    this.#byAddress.set(endpoint.address, endpoint);
  }

  leave(endpoint: DataEndpoint): void {
    this.#endpoints.delete(endpoint);
    this.#waiting.delete(endpoint);
    if (this.#byAddress.get(endpoint.address) === endpoint) this.#byAddress.delete(endpoint.address);
    this.hasRoomAgain();
  }

  /** False, for files only: a receiver has no room now; the sender is woken when it has. What can't be delivered is dropped. */
  pass(sender: DataEndpoint, message: RoutedMessage, now: number): boolean {
    const { label, to, text, bytes, at } = message;
    const receivers = this.#receivers(sender, label, to);
    if (receivers.length === 0) {
      // Nobody else being there is no fault.
      if (to !== null) this.counters.dataNoReceiver++;
      return true;
    }
    if (label === 'file' && receivers.some((receiver) => !receiver.hasRoom(label))) {
      this.#waiting.add(sender);
      return false;
    }
    if (label !== 'file' && !this.#deliveries.take(receivers.length, now)) {
      this.counters.dataOverBudget++;
      return true;
    }
    const out = withSender(sender.address, bytes, at);
    for (const receiver of receivers) receiver.deliver(label, text, out);
    return true;
  }

  /** A receiver's outbox of files has drained, or is gone. */
  hasRoomAgain(): void {
    for (const sender of this.#waiting) sender.host.activate(sender);
    this.#waiting.clear();
  }

  #receivers(sender: DataEndpoint, label: ChannelLabel, to: string | null): DataEndpoint[] {
    if (to !== null) {
      const receiver = this.#byAddress.get(to);
      return receiver && receiver !== sender && receiver.channels.isOpen(label) ? [receiver] : [];
    }
    const receivers: DataEndpoint[] = [];
    for (const endpoint of this.#endpoints)
      if (endpoint !== sender && endpoint.channels.isOpen(label)) receivers.push(endpoint);
    return receivers;
  }
}
