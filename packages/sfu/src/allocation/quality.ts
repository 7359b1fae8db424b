/** What a client is told about its path: at changes that matter, and once a second while figures move. */
import type { Transport } from '../routing/transport.js';
import type { StreamQuality, WorkerNotice } from '../worker/control.js';
import type { Subscriber } from './subscriber.js';

type Quality = Extract<WorkerNotice, { type: 'quality' }>;

const NOTABLE = 0.1;
/** Pictures must be paused for so long before the path counts as weak: a fluctuation is nobody's business. */
const WEAK_AFTER_MS = 1_500;
const EVERY_MS = 1_000;

export class QualityReports {
  #told: Quality | null = null;
  #toldMs = Number.NEGATIVE_INFINITY;
  #pausedSinceMs = -1;

  constructor(
    readonly transport: Transport,
    readonly subscriber: Subscriber,
  ) {}

  /** The notice that is due now, or null. */
  due(now: number): Quality | null {
    const quality = this.#now(now);
    const told = this.#told;
    const urgent = !told || quality.weak !== told.weak || layersChanged(quality.streams, told.streams);
    if (!urgent && (now - this.#toldMs < EVERY_MS || !moved(quality, told))) return null;
    if (now - this.#toldMs < EVERY_MS / 4) return null;
    this.#told = quality;
    this.#toldMs = now;
    return quality;
  }

  #now(now: number): Quality {
    const { transport, subscriber } = this;
    const { engine } = transport;
    const streams: StreamQuality[] = [];
    let paused = false;
    for (const { mid, kind, given, bitrateBps, producer } of transport.streams.values()) {
      if (kind !== 'video' || !producer) continue;
      paused ||= given.paused;
      const { spatial, temporal } = given;
      streams.push({ mid, spatial, temporal, bitrateBps: Math.round(bitrateBps), paused: given.paused });
    }
    if (!paused) this.#pausedSinceMs = -1;
    else if (this.#pausedSinceMs < 0) this.#pausedSinceMs = now;
    const figures = engine.transportCc.history(transport.number)?.figures(engine.datapath.nowUs());
    const estimate = subscriber.estimateBps;
    return {
      type: 'quality',
      transport: transport.id,
      estimateBps: Number.isFinite(estimate) ? Math.round(estimate) : 0,
      sentBps: Math.round(figures?.sentBps ?? 0),
      wantedBps: Math.round(subscriber.wantedBps),
      lossShare: figures?.lossShare ?? 0,
      roundTripMs: transport.roundTripMs === undefined ? null : Math.round(transport.roundTripMs),
      weak: this.#pausedSinceMs >= 0 && now - this.#pausedSinceMs >= WEAK_AFTER_MS,
      streams,
    };
  }
}

function layersChanged(now: readonly StreamQuality[], before: readonly StreamQuality[]): boolean {
  if (now.length !== before.length) return true;
  return now.some(({ mid, spatial, paused }, i) => {
    const old = before[i];
    return mid !== old.mid || spatial !== old.spatial || paused !== old.paused;
  });
}

function moved(now: Quality, before: Quality): boolean {
  const far = (a: number, b: number): boolean => Math.abs(a - b) > Math.max(20_000, b * NOTABLE);
  return (
    far(now.estimateBps, before.estimateBps) ||
    far(now.sentBps, before.sentBps) ||
    far(now.wantedBps, before.wantedBps) ||
    Math.abs(now.lossShare - before.lossShare) > 0.01 ||
    now.streams.some(({ bitrateBps }, i) => far(bitrateBps, before.streams[i]?.bitrateBps ?? 0))
  );
}
