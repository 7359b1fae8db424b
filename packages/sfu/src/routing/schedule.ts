/** What the engine does by the clock. `tick` is to be called about every `TICK_MS`; everything else follows from `now`. */
import type { Engine } from './engine.js';

export const TICK_MS = 20;
const FEEDBACK_MS = 50;
const SPEAKER_MS = 100;
const PIPES_MS = 50;
/** Each transport's allocation is looked at once in so many ticks. */
const ALLOCATION_TICKS = 5;
const PROTECTION_TICKS = 10;
const REPORT_MS = 1_000;
const REVIEW_MS = 1_000;
/** A producer without a packet for so long is told to be inactive. */
const INACTIVE_MS = 3_000;
/** Reports of all transports are spread over a second in so many portions. */
const PORTIONS = REPORT_MS / TICK_MS;

export class Schedule {
  #feedbackAt = 0;
  #speakerAt = 0;
  #reviewAt = 0;
  #pipesAt = 0;
  #portion = 0;

  constructor(readonly engine: Engine) {}

  tick(): void {
    const { engine } = this;
    engine.setClock();
    const { now, reports } = engine;
    for (const encoding of engine.encodings()) reports.repairs(encoding);
    if (now >= this.#feedbackAt) {
      this.#feedbackAt = now + FEEDBACK_MS;
      for (const transport of engine.transports.values()) reports.transportFeedback(transport);
    }
    if (now >= this.#speakerAt) {
      this.#speakerAt = now + SPEAKER_MS;
      for (const router of engine.routers.values()) router.tick(now);
    }
    if (now >= this.#pipesAt || engine.pipesHurry) {
      engine.pipesHurry = false;
      this.#pipesAt = now + PIPES_MS;
      for (const pipe of engine.pipes) pipe.tick(now);
    }
    this.#portion = (this.#portion + 1) % PORTIONS;
    for (const transport of engine.transports.values()) {
      if (transport.number % PORTIONS === this.#portion) reports.reports(transport);
      if (transport.subscriber.dirty || transport.number % ALLOCATION_TICKS === this.#portion % ALLOCATION_TICKS)
        transport.subscriber.tick(now);
      transport.subscriber.probe(now);
      if (transport.number % PROTECTION_TICKS === this.#portion % PROTECTION_TICKS) transport.subscriber.protect(now);
    }
    engine.paceTurn();
    if (now >= this.#reviewAt) {
      this.#reviewAt = now + REVIEW_MS;
      this.#review(now);
    }
    engine.data.tick(now);
    engine.fanout.flush();
  }

  #review(now: number): void {
    const { engine } = this;
    const { table } = engine;
    for (const encoding of engine.encodings()) {
      encoding.measure(now);
      encoding.worstLoss = 0;
      if (encoding.producer.kind !== 'audio') continue;
      for (let k = 0; k < encoding.streamCount; k++) {
        const loss = engine.streams[encoding.streams[k]]?.reported.fraction ?? 0;
        if (loss > encoding.worstLoss) encoding.worstLoss = loss;
      }
    }
    for (const router of engine.routers.values()) {
      router.reviewEncodings();
      for (const producer of router.producers.values()) {
        const active = producer.encodings.some((e) => e.packets > 0 && now - e.lastPacketMs < INACTIVE_MS);
        if (active === producer.active) continue;
        producer.active = active;
        const codec = producer.encodings.find((e) => e.codec)?.codec?.name;
        engine.notify({ type: 'producerState', producer: producer.id, active, codec });
      }
    }
    for (const stream of engine.streams) {
      if (!stream) continue;
      const octets = table.octets[stream.number];
      stream.bitrateBps = Math.max(0, octets - stream.octetsAtRate) * 8;
      stream.octetsAtRate = octets;
    }
  }
}
