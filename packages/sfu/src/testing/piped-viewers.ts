/** What tests of piped rooms ask of viewers and links. */
import { type LinkOptions, seededRandom, sequenceDelta } from '@efir/rtc';
import type { PipeSource } from '../routing/pipe/source.js';
import type { Arrival, SimulatedRoom, SimulatedViewer } from './simulated-room.js';

/** What is still missing after this has not been repaired. */
const SETTLED_MS = 400;

export const wide = (): LinkOptions => ({ random: seededRandom(1), capacity: 50_000_000, propagationMs: 5 });

/** All sections, or those of one kind, follow who speaks. */
export function followAll(room: SimulatedRoom, { transport }: SimulatedViewer, only?: 'audio' | 'video'): void {
  room.engine.setClock();
  for (const stream of transport.streams.values())
    if (!only || stream.kind === only)
      transport.router.route(stream, { follow: stream.kind === 'audio' ? 'loudest' : 'speaker' });
}

/** Bits a second of one publisher's picture at the viewer, from then on until now. */
export function rateOf(room: SimulatedRoom, viewer: SimulatedViewer, publisher: string, fromMs: number): number {
  const tag = room.tag(publisher);
  const bytes = viewer
    .since(fromMs)
    .filter(({ csrc }) => csrc === tag)
    .reduce((sum, arrival) => sum + arrival.bytes, 0);
  return (bytes * 8_000) / (room.ms - fromMs);
}

/** What came in one section. */
export function arrivalsOf({ transport, arrivals }: SimulatedViewer, mid: string): Arrival[] {
  const { ssrc } = transport.streams.get(mid)!.downlink;
  return arrivals.filter((arrival) => arrival.ssrc === ssrc);
}

/** Of what came in one section from then on: numbers that are missing, the longest time without a packet, and the longest step back in time. */
export function gapsOf(viewer: SimulatedViewer, mid: string, fromMs = 0) {
  const arrivals = arrivalsOf(viewer, mid);
  const seen = new Map<number, number>();
  const endMs = (arrivals.at(-1)?.ms ?? 0) - SETTLED_MS;
  let newest = arrivals[0]?.sequence ?? 0;
  let first = newest;
  let last = newest;
  let longestMs = 0;
  for (const [i, { ms, sequence, timestamp }] of arrivals.entries()) {
    if (i > 0 && ms >= fromMs) longestMs = Math.max(longestMs, ms - arrivals[i - 1].ms);
    const at = newest + sequenceDelta(sequence, newest & 0xffff);
    newest = Math.max(newest, at);
    if (ms < fromMs) first = newest;
    if (ms <= endMs) last = newest;
    seen.set(at, timestamp);
  }
  let missing = 0;
  let backTicks = 0;
  let before: number | undefined;
  for (let at = first; at <= last; at++) {
    const timestamp = seen.get(at);
    if (timestamp === undefined) missing++;
    else if (before !== undefined) backTicks = Math.max(backTicks, (before - timestamp) | 0);
    before = timestamp ?? before;
  }
  return { packets: arrivals.length, missing, longestMs, backTicks };
}

/** `producer rid` of what goes over the pipe just now. */
export function flowing({ engine, transport }: PipeSource): string[] {
  const list: string[] = [];
  for (const stream of transport.streams.values()) {
    const encoding = engine.encoding(engine.table.current[stream.number]);
    if (encoding) list.push(`${encoding.producer.id} ${encoding.rid ?? ''}`.trim());
  }
  return list.sort();
}
