/** One receiver lies about everything it can; another one beside it, and the publisher, notice next to nothing. */
import { RtcpWriter, seededRandom } from '@efir/rtc';
import { expect, test } from 'vitest';
import { SimulatedRoom, type SimulatedViewer } from '../testing/simulated-room.js';
import type { Subscriber } from './subscriber.js';

const wide = (seed: number) => ({ random: seededRandom(seed), capacity: 50_000_000, propagationMs: 20 });
const writer = new RtcpWriter(new Uint8Array(1_200));

function scene() {
  const room = new SimulatedRoom();
  for (let i = 0; i < 3; i++) room.publisher(`p${i}`);
  const [liar, other] = [room.viewer('liar', 3, 0, wide(1)), room.viewer('other', 3, 0, wide(2))];
  for (let i = 0; i < 3; i++) {
    room.show(liar, `v${i}`, `p${i}`, 'thumbnail', i);
    room.show(other, `v${i}`, `p${i}`, i === 0 ? 'stage' : 'thumbnail', i);
  }
  room.run(3_000);
  const stream = liar.transport.streams.get('v0');
  const ssrc = [...liar.transport.streamBySsrc].find(([, one]) => one === stream)![0];
  /** One compound packet of the liar's. */
  const says = (write: () => void) => {
    writer.reset();
    writer.receiverReport(1, []);
    write();
    room.datapath.arrive(liar.transport.peer, 'rtcp', writer.packet.slice());
    room.engine.receiveTurn(1);
  };
  return { room, liar, other, ssrc, says };
}

/** Longest time without a packet of each source, ms. */
function longestGap(room: SimulatedRoom, viewer: SimulatedViewer, fromMs: number): number {
  let longest = 0;
  for (let i = 0; i < 3; i++) {
    const times = viewer.since(fromMs).filter(({ csrc }) => csrc === room.tag(`p${i}`));
    expect(times.length).toBeGreaterThan(10);
    for (let k = 1; k < times.length; k++) longest = Math.max(longest, times[k].ms - times[k - 1].ms);
  }
  return longest;
}

test('a flood of requests for key frames is heard now and then only, and counted', () => {
  const { room, other, ssrc, says } = scene();
  const before = room.publishers.get('p0')!.requests.length;
  const from = room.ms;
  for (let i = 0; i < 1_000; i++) {
    for (let k = 0; k < 5; k++) says(() => writer.pli(1, ssrc));
    room.run(20);
  }
  // 20 s: 6 at once and one in 1.5 s, instead of two a second.
  expect(room.publishers.get('p0')!.requests.length - before).toBeLessThanOrEqual(22);
  expect(room.engine.counters.keyFrameRequestsIgnored).toBeGreaterThan(4_900);
  expect(longestGap(room, other, from)).toBeLessThan(300);
});

test('a flood of requests for packets costs no more than what the liar may be sent', () => {
  const { room, liar, other, ssrc, says } = scene();
  const from = room.ms;
  for (let i = 0; i < 250; i++) {
    const sequences = Array.from({ length: 200 }, (_, k) => (i * 100 + k) & 0xffff);
    for (let k = 0; k < 20; k++) says(() => writer.nack(1, ssrc, sequences, sequences.length));
    room.run(20);
  }
  const seconds = (room.ms - from) / 1_000;
  expect(room.engine.counters.nacksReceived).toBeGreaterThan(500_000);
  expect(room.engine.counters.retransmitted / seconds).toBeLessThanOrEqual(1_300);
  expect(liar.since(from).length / seconds).toBeLessThan(2_000);
  expect(longestGap(room, other, from)).toBeLessThan(300);
});

test('estimates of nothing and of ten gigabits change what the liar gets, within bounds, and nothing else', () => {
  const { room, liar, other } = scene();
  const from = room.ms;
  const subscriber = liar.transport.subscriber as Subscriber;
  for (const bps of [0, 10e9, Number.NaN, -5, 0, 10e9]) {
    subscriber.remb(bps);
    room.run(2_000);
    expect(subscriber.allocatedBps).toBeLessThan(20e6);
  }
  // The most important picture goes on whatever is said.
  expect(liar.since(from).length).toBeGreaterThan(50);
  expect(longestGap(room, other, from)).toBeLessThan(300);
});

test('feedback of what was never sent, and of impossible times, is counted and believed by nobody', () => {
  const { room, liar, other } = scene();
  const from = room.ms;
  const random = seededRandom(7);
  const { counters } = room.engine;
  for (let i = 0; i < 500; i++) {
    // Transport-wide feedback (PT 205, FMT 15): numbers and times at random.
    const packet = new Uint8Array(36);
    packet.set([0x8f, 205, 0, 8]);
    for (let k = 4; k < packet.length; k++) packet[k] = Math.floor(random() * 256);
    room.datapath.arrive(liar.transport.peer, 'rtcp', packet);
    room.engine.receiveTurn(1);
    room.run(20);
  }
  expect(counters.feedbackLies).toBeGreaterThan(100);
  expect((liar.transport.subscriber as Subscriber).estimateBps).toBeLessThanOrEqual(200e6);
  expect(longestGap(room, other, from)).toBeLessThan(300);
});
