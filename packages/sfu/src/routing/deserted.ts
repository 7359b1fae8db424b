/**
 * Publishers that are gone without a word: nothing at all comes from them (no media, no reports), long before their consent
 * ends (RFC 7675: 30 s). As long as somebody else of the router is heard, who follows the speaker is not kept with them.
 */
import type { Producer } from './producer.js';

/** Browsers report at least once a second while they send pictures, and sound is 50 packets a second. */
export const DESERTED_MS = 2_000;

/** Sets `deserted` of those that are published here; returns the producers of which it is another now. `now` in ms. */
export function markDeserted(producers: Iterable<Producer>, now: number): Producer[] {
  const silent: Producer[] = [];
  const heard: Producer[] = [];
  for (const producer of producers) {
    const heardMs = producer.carrier?.heardMs ?? Number.NEGATIVE_INFINITY;
    // Who has just come is on the way.
    if (producer.piped || heardMs === Number.NEGATIVE_INFINITY) continue;
    (now - heardMs > DESERTED_MS ? silent : heard).push(producer);
  }
  const changed: Producer[] = [];
  const mark = (producer: Producer, deserted: boolean): void => {
    if (producer.deserted === deserted) return;
    producer.deserted = deserted;
    changed.push(producer);
  };
  for (const producer of heard) mark(producer, false);
  for (const producer of silent)
    mark(
      producer,
      heard.some(({ kind, paused }) => kind === producer.kind && !paused),
    );
  return changed;
}
