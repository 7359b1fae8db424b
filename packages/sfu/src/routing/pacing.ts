/**
 * Spreads what a subscriber's path can't take at once: a key frame of a large picture would fill its queue, and be taken for
 * congestion. Only bursts wait; as long as nothing does, all it costs is a subtraction a packet. Sound never waits.
 *
 * What waits are packets as they came, in their order; all that depends on the stream's state is done when they leave.
 */
import type { Encoding } from './encoding.js';

/** What may go at once, ms of the rate. */
const BURST_MS = 8;
const MIN_BURST_BYTES = 4_000;
/** Debt beyond this is forgotten, ms of the rate. */
const MAX_DEBT_MS = 100;
/** Nothing waits longer: its slot in the arena may be taken by another packet. */
const MAX_WAIT_MS = 120;
/** Packets of one transport that wait at most. */
const MAX_WAITING = 512;

export interface WaitingPacket {
  stream: number;
  encoding: Encoding;
  /** Source sequence number. */
  sequence: number;
  sinceMs: number;
}

export class Pacing {
  /** By transport number; bytes a ms, 0: not paced. */
  #rate = new Float64Array(64);
  #credit = new Float64Array(64);
  #atMs = new Float64Array(64);
  readonly #waiting = new Map<number, WaitingPacket[]>();

  open(transport: number): void {
    if (transport >= this.#rate.length) {
      const grow = (old: Float64Array) => {
        const grown = new Float64Array(Math.max(old.length * 2, transport + 1));
        grown.set(old);
        return grown;
      };
      this.#rate = grow(this.#rate);
      this.#credit = grow(this.#credit);
      this.#atMs = grow(this.#atMs);
    }
    this.close(transport);
  }

  close(transport: number): void {
    this.#rate[transport] = 0;
    this.#credit[transport] = 0;
    this.#waiting.delete(transport);
  }

  /** bit/s; 0: not paced. */
  setRate(transport: number, bps: number, now: number): void {
    if (this.#rate[transport] === 0) {
      this.#credit[transport] = MIN_BURST_BYTES;
      this.#atMs[transport] = now;
    }
    this.#rate[transport] = bps / 8_000;
  }

  /** A packet went to the transport. */
  spend(transport: number, bytes: number): void {
    this.#credit[transport] -= bytes;
  }

  /** Whether a packet for the transport has to wait now. */
  mustWait(transport: number, now: number): boolean {
    if (this.#rate[transport] === 0) return false;
    if (this.#waiting.size > 0 && this.#waiting.has(transport)) return true;
    return this.#refilled(transport, now) < 0;
  }

  /** False: too many wait already, it has to go. */
  wait(transport: number, stream: number, encoding: Encoding, sequence: number, now: number): boolean {
    let queue = this.#waiting.get(transport);
    if (!queue) {
      queue = [];
      this.#waiting.set(transport, queue);
    }
    if (queue.length >= MAX_WAITING) return false;
    queue.push({ stream, encoding, sequence, sinceMs: now });
    return true;
  }

  /** Something waits: call `drain` every 5 ms or so. */
  get active(): boolean {
    return this.#waiting.size > 0;
  }

  /** Lets go what may leave now. */
  drain(now: number, send: (packet: WaitingPacket) => void): void {
    for (const [transport, queue] of this.#waiting) {
      while (queue.length > 0) {
        const packet = queue[0];
        if (this.#refilled(transport, now) < 0 && now - packet.sinceMs < MAX_WAIT_MS) break;
        // First out, then sent: whoever asks meanwhile what waits must not be told of it.
        queue.shift();
        send(packet);
      }
      if (queue.length === 0 && this.#waiting.get(transport) === queue) this.#waiting.delete(transport);
    }
  }

  /** Lets all go that waits for one stream: its source is about to change. */
  release(transport: number, stream: number, send: (packet: WaitingPacket) => void): void {
    const queue = this.#waiting.get(transport);
    if (!queue) return;
    const kept = queue.filter((packet) => packet.stream !== stream);
    if (kept.length === queue.length) return;
    if (kept.length === 0) this.#waiting.delete(transport);
    else this.#waiting.set(transport, kept);
    for (const packet of queue) if (packet.stream === stream) send(packet);
  }

  /** How many packets of an encoding wait for a stream. */
  waitingOf(transport: number, stream: number, encoding: Encoding): number {
    if (this.#waiting.size === 0) return 0;
    let count = 0;
    for (const packet of this.#waiting.get(transport) ?? [])
      if (packet.stream === stream && packet.encoding === encoding) count++;
    return count;
  }

  #refilled(transport: number, now: number): number {
    const rate = this.#rate[transport];
    const burst = Math.max(MIN_BURST_BYTES, rate * BURST_MS);
    const credit = this.#credit[transport] + (now - this.#atMs[transport]) * rate;
    this.#atMs[transport] = now;
    this.#credit[transport] = Math.max(-rate * MAX_DEBT_MS, Math.min(burst, credit));
    return this.#credit[transport];
  }
}
