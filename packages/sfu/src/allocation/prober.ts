/**
 * Sends what estimators ask for to learn whether a path carries more: bursts of padding at the probe's rate, on the RTX
 * stream of one of the subscriber's pictures. Sound and pictures go on beside it and count as part of it.
 */
import type { ProbeCluster } from '@efir/rtc';
import type { Engine } from '../routing/engine.js';
import type { VirtualStream } from '../routing/virtual-stream.js';
import type { Subscriber } from './subscriber.js';

/** How far ahead of the rate a step may send, so that steps needn't be closer than this, ms. */
const STEP_MS = 5;
/** Bounds what one step sends after the loop was held up. */
const MAX_STEP_PACKETS = 64;

interface Probe {
  subscriber: Subscriber;
  stream: VirtualStream;
  cluster: ProbeCluster;
  startMs: number;
  /** Of all that the transport had sent when it began. */
  bytes: number;
  packets: number;
}

export class Prober {
  readonly #probes: Probe[] = [];

  constructor(readonly engine: Engine) {}

  /** Call `step` every `STEP_MS` or so meanwhile. */
  get active(): boolean {
    return this.#probes.length > 0;
  }

  start(subscriber: Subscriber, stream: VirtualStream, cluster: ProbeCluster, now: number): void {
    this.#probes.push({ subscriber, stream, cluster, startMs: now, bytes: 0, packets: 0 });
    this.step(now);
  }

  step(now: number): void {
    for (let i = this.#probes.length - 1; i >= 0; i--)
      if (this.#advance(this.#probes[i], now)) this.#probes.splice(i, 1);
  }

  /** Its transport or stream is going away. */
  forget(stream: VirtualStream): void {
    for (let i = this.#probes.length - 1; i >= 0; i--) if (this.#probes[i].stream === stream) this.#probes.splice(i, 1);
  }

  /** True: the probe is done. */
  #advance(probe: Probe, now: number): boolean {
    const { cluster, stream, subscriber } = probe;
    const { fanout, transportCc } = this.engine;
    const elapsed = now - probe.startMs;
    const due = (cluster.bps * Math.min(elapsed + STEP_MS, cluster.minMs + STEP_MS)) / 8_000;
    for (let n = 0; n < MAX_STEP_PACKETS && (probe.bytes < due || probe.packets < cluster.minPackets); n++) {
      probe.bytes += fanout.pad(stream);
      probe.packets++;
      if (elapsed < cluster.minMs && probe.bytes >= due) break;
    }
    if (elapsed < cluster.minMs) return false;
    this.engine.counters.probes++;
    subscriber.estimator?.probeSent(cluster.id, transportCc.newest(stream.transport.number));
    return true;
  }
}
