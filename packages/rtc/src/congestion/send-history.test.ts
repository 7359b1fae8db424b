import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RtcError } from '../errors.js';
import { TransportFeedbackGenerator } from './feedback-generator.js';
import { SendHistory, type SendHistoryOptions } from './send-history.js';

const buffer = new Uint8Array(1200);

interface Link {
  /** Packets sent a second, each of 1,000 bytes. */
  packetsPerSecond?: number;
  /** What passes; the rest waits in an endless queue. */
  linkPacketsPerSecond?: number;
  oneWayMs?: number;
  feedbackMs?: number;
  loss?: (n: number) => boolean;
  feedbackLost?: (n: number) => boolean;
  receiverClockUs?: (us: number) => number;
  startUs?: number;
  firstSequence?: number;
  seconds?: number;
  history?: SendHistoryOptions;
  each?: (history: SendHistory, nowUs: number) => void;
  stamp?: (us: number) => number;
}

/** Sends, delivers and answers in steps of one millisecond. */
function run(link: Link): { history: SendHistory; nowUs: number } {
  const {
    packetsPerSecond = 125,
    linkPacketsPerSecond = 1e6,
    oneWayMs = 25,
    feedbackMs = 100,
    loss = () => false,
    feedbackLost = () => false,
    receiverClockUs = (us) => us + 5e9,
    startUs = 1e6,
    firstSequence = 0,
    seconds = 5,
    stamp = (us) => us,
  } = link;
  const history = new SendHistory(link.history);
  const generator = new TransportFeedbackGenerator();
  const way: { n: number; at: number }[] = [];
  const back: { packet: Uint8Array; at: number }[] = [];
  let sent = 0;
  let linkFreeUs = startUs;
  let messages = 0;
  let nowUs = startUs;
  for (let ms = 0; ms < seconds * 1000; ms++) {
    nowUs = startUs + ms * 1000;
    while (sent < (ms * packetsPerSecond) / 1000) {
      history.sent((firstSequence + sent) & 0xffff, stamp(nowUs), 1000);
      if (!loss(sent)) {
        linkFreeUs = Math.max(linkFreeUs, nowUs) + 1e6 / linkPacketsPerSecond;
        way.push({ n: sent, at: linkFreeUs + oneWayMs * 1000 });
      }
      sent++;
    }
    while (way.length > 0 && way[0].at <= nowUs) {
      const { n, at } = way.shift()!;
      generator.received((firstSequence + n) & 0xffff, receiverClockUs(at));
    }
    if (ms % feedbackMs === 0) {
      for (let size = generator.build(ms, 1, 2, buffer); size > 0; size = generator.build(ms, 1, 2, buffer)) {
        if (!feedbackLost(messages++)) back.push({ packet: buffer.slice(0, size), at: nowUs + oneWayMs * 1000 });
      }
    }
    while (back.length > 0 && back[0].at <= nowUs) {
      const { packet } = back.shift()!;
      expect(history.feedback(packet, 0, packet.length, stamp(nowUs))).toBe(true);
    }
    link.each?.(history, stamp(nowUs));
  }
  return { history, nowUs: stamp(nowUs) };
}

function near(value: number, expected: number, share: number): void {
  expect(Math.abs(value - expected)).toBeLessThanOrEqual(Math.abs(expected) * share);
}

test('before anything is sent all figures are zero or unknown', () => {
  const figures = new SendHistory().figures(5e9);
  expect(figures).toMatchObject({ sentBps: 0, acknowledgedBps: 0, lossShare: 0, rttMs: -1, inFlightBytes: 0 });
});

test('on a clean path what is acknowledged is what is sent', () => {
  const { history, nowUs } = run({});
  const figures = history.figures(nowUs);
  near(figures.sentBps, 1e6, 0.03);
  near(figures.acknowledgedBps, 1e6, 0.05);
  expect(figures.lossShare).toBe(0);
  // The path's 50 ms and the packet's wait for the next feedback.
  expect(figures.rttMs).toBeGreaterThanOrEqual(50);
  expect(figures.rttMs).toBeLessThanOrEqual(60);
  expect(figures.inFlightBytes).toBeLessThan(25_000);
  expect(history.refused).toBe(0);
});

test('the figures are steady between feedbacks', () => {
  run({
    each(history, nowUs) {
      if (nowUs < 3e6) return;
      const figures = history.figures(nowUs);
      near(figures.sentBps, 1e6, 0.05);
      near(figures.acknowledgedBps, 1e6, 0.1);
    },
  });
});

test('figures of the first second are of the time there was', () => {
  run({
    seconds: 1,
    each(history, nowUs) {
      if (nowUs < 1.4e6) return;
      near(history.figures(nowUs).sentBps, 1e6, 0.1);
      near(history.figures(nowUs).acknowledgedBps, 1e6, 0.25);
    },
  });
});

test('on a long path the first figures are not diluted by the first round trip', () => {
  run({
    oneWayMs: 200,
    seconds: 1,
    each(history, nowUs) {
      if (nowUs < 1.75e6) return;
      near(history.figures(nowUs).acknowledgedBps, 1e6, 0.25);
    },
  });
});

test('behind a bottleneck the acknowledged rate is the bottleneck', () => {
  const { history, nowUs } = run({ packetsPerSecond: 250, linkPacketsPerSecond: 125, seconds: 3 });
  const figures = history.figures(nowUs);
  near(figures.sentBps, 2e6, 0.03);
  near(figures.acknowledgedBps, 1e6, 0.07);
});

test('loss is the share of what was reported', () => {
  const { history, nowUs } = run({ packetsPerSecond: 500, loss: (n) => n % 10 === 3 });
  const figures = history.figures(nowUs);
  near(figures.lossShare, 0.1, 0.1);
  near(figures.acknowledgedBps, 3.6e6, 0.05);
  expect(history.lostPackets + history.acknowledgedPackets).toBeGreaterThan(history.sentPackets - 150);
});

test('loss is forgotten after a second', () => {
  let late = 1;
  run({
    loss: (n) => n >= 125 && n < 175,
    each(history, nowUs) {
      if (nowUs > 3.8e6) late = Math.min(late, 1 - history.figures(nowUs).lossShare);
    },
  });
  expect(late).toBe(1);
});

test('a packet reported missing and then received is not lost', () => {
  const history = new SendHistory();
  const generator = new TransportFeedbackGenerator();
  for (let i = 0; i < 10; i++) history.sent(i, i * 1000, 100);
  for (const i of [0, 1, 2, 4, 5]) generator.received(i, i * 1000);
  history.feedback(buffer, 0, generator.build(0, 1, 2, buffer), 60_000);
  expect(history.figures(60_000)).toMatchObject({ reportedPackets: 6, lostPackets: 1, inFlightBytes: 400 });
  generator.received(3, 7000);
  history.feedback(buffer, 0, generator.build(50, 1, 2, buffer), 110_000);
  expect(history.figures(110_000)).toMatchObject({ reportedPackets: 6, lostPackets: 0, inFlightBytes: 400 });
  expect(history.lostPackets).toBe(0);
  expect(history.acknowledgedPackets).toBe(6);
});

test('lost feedback is not lost media', () => {
  const { history, nowUs } = run({ feedbackLost: (n) => n % 2 === 1 });
  const figures = history.figures(nowUs);
  expect(figures.lossShare).toBe(0);
  expect(figures.inFlightBytes).toBeLessThan(40_000);
});

test('sequence numbers, our clock and the receiver’s may wrap', () => {
  const { history, nowUs } = run({
    packetsPerSecond: 1000,
    firstSequence: 64_000,
    startUs: 2 ** 32 - 2.5e6,
    stamp: (us) => us % 2 ** 32,
    receiverClockUs: (us) => (us + 1.2e6) % 2 ** 32,
    seconds: 6,
  });
  const figures = history.figures(nowUs);
  near(figures.acknowledgedBps, 8e6, 0.05);
  expect(figures.lossShare).toBe(0);
  expect(figures.rttMs).toBeLessThanOrEqual(60);
  expect(history.refused).toBe(0);
});

test('a receiver whose clock is set or runs wrong does not change the figures', () => {
  for (const clock of [
    (us: number) => (us < 3e6 ? us : us + 600e6),
    (us: number) => (us < 3e6 ? us + 600e6 : us),
    (us: number) => us * 1.001,
    (us: number) => us * 0.999,
    () => 1e9,
    (us: number) => us * 100,
    (us: number) => 1e12 - us,
  ]) {
    run({
      receiverClockUs: clock,
      seconds: 6,
      each(history, nowUs) {
        if (nowUs < 2.5e6) return;
        near(history.figures(nowUs).acknowledgedBps, 1e6, 0.25);
        expect(history.figures(nowUs).rttMs).toBeLessThan(170);
      },
    });
  }
});

test('after its clock was set the receiver’s arrivals count again', () => {
  const { history, nowUs } = run({
    packetsPerSecond: 250,
    linkPacketsPerSecond: 125,
    receiverClockUs: (us) => (us < 3e6 ? us + 600e6 : us),
    seconds: 5,
  });
  near(history.figures(nowUs).acknowledgedBps, 1e6, 0.07);
});

test('after a pause the figures are of the last second', () => {
  const { history, nowUs } = run({});
  expect(history.figures(nowUs + 5e6)).toMatchObject({ sentBps: 0, acknowledgedBps: 0, reportedPackets: 0 });
  expect(history.figures(nowUs + 5e6).rttMs).toBeGreaterThan(49);
  // More than half the circle of a clock modulo 2^32.
  expect(history.figures((nowUs + 3000e6) % 2 ** 32).sentBps).toBe(0);
});

test('the observer hears of each packet once', () => {
  const history = new SendHistory();
  const generator = new TransportFeedbackGenerator();
  for (let i = 0; i < 5; i++) history.sent(i, i * 1000, 100 + i);
  for (const i of [0, 1, 3]) generator.received(i, 64_000 * 10 + i * 2000);
  const heard: unknown[] = [];
  const observer = {
    acknowledged: (...facts: number[]) => heard.push(facts),
    lost: (...facts: number[]) => heard.push(facts),
  };
  const length = generator.build(0, 1, 2, buffer);
  history.feedback(buffer, 0, length, 50_000, observer);
  history.feedback(buffer, 0, length, 51_000, observer);
  expect(heard).toEqual([
    [0, 0, 640_000, 100],
    [1, 1000, 642_000, 101],
    [2, 2000, 102],
    [3, 3000, 646_000, 103],
  ]);
});

test('packets never sent or long forgotten are refused', () => {
  const history = new SendHistory({ entries: 64 });
  const generator = new TransportFeedbackGenerator();
  for (let i = 0; i < 100; i++) history.sent(i, i * 1000, 100);
  for (const i of [10, 90, 99, 100, 150]) generator.received(i, i * 1000);
  history.feedback(buffer, 0, generator.build(0, 1, 2, buffer), 200_000);
  expect(history.refused).toBe(3);
  expect(history.acknowledgedPackets).toBe(2);
});

test('what is overwritten is in flight no more', () => {
  const history = new SendHistory({ entries: 64 });
  for (let i = 0; i < 70_000; i++) history.sent(i & 0xffff, i * 1000, 100);
  expect(history.figures(70e6).inFlightBytes).toBe(6400);
});

test('feedback after long silence settles what came before it', () => {
  const history = new SendHistory({ entries: 64 });
  const generator = new TransportFeedbackGenerator();
  for (let i = 0; i < 40_000; i++) history.sent(i, i * 1000, 100);
  generator.received(39_990, 0);
  history.feedback(buffer, 0, generator.build(0, 1, 2, buffer), 40e6);
  expect(history.figures(40e6).inFlightBytes).toBe(900);
});

test('numbers left out stand for nothing sent', () => {
  const history = new SendHistory({ entries: 64 });
  const generator = new TransportFeedbackGenerator();
  for (let i = 0; i < 64; i++) history.sent(i, i * 1000, 100);
  history.sent(100, 64_000, 100);
  expect(history.figures(65_000).inFlightBytes).toBe(2800);
  for (let i = 60; i <= 100; i++) generator.received(i, i * 1000);
  history.feedback(buffer, 0, generator.build(0, 1, 2, buffer), 200_000);
  expect(history.acknowledgedPackets).toBe(5);
  expect(history.figures(200_000).inFlightBytes).toBe(0);
});

test('a default history takes less than 8 KB, and many can share one block', () => {
  expect(SendHistory.bytesNeeded(1024)).toBeLessThanOrEqual(8192);
  const size = SendHistory.bytesNeeded(64);
  const memory = new ArrayBuffer(3 * size);
  const histories = [0, 1, 2].map((i) => new SendHistory({ entries: 64, memory, byteOffset: i * size }));
  histories[1].sent(5, 0, 100);
  expect(histories.map((h) => h.figures(0).inFlightBytes)).toEqual([0, 100, 0]);
  expect(() => new SendHistory({ entries: 100 })).toThrow(RtcError);
});

test('whatever a receiver says, no figure exceeds what was sent', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          burst: fc.nat(200),
          afterUs: fc.oneof(fc.nat(300_000), fc.nat(2 ** 33)),
          base: fc.oneof(fc.nat(0xffff), fc.integer({ min: -300, max: 50 })),
          count: fc.integer({ min: 1, max: 60 }),
          reference: fc.nat(0xffffff),
          chunk: fc.nat(0xffff),
          deltas: fc.uint8Array({ minLength: 120, maxLength: 120 }),
        }),
        { maxLength: 40 },
      ),
      (steps) => {
        const history = new SendHistory({ entries: 256 });
        let sequence = 65_000;
        let nowUs = 0;
        let total = 0;
        for (const step of steps) {
          for (let i = 0; i < step.burst; i++, sequence++) {
            history.sent(sequence & 0xffff, nowUs, 1000);
            total += 1000;
          }
          nowUs += step.afterUs;
          const base = step.base < 0 || step.base < 50 ? sequence + step.base : step.base;
          const packet = new Uint8Array(160);
          packet.set([0x8f, 205, 0, 39, 0, 0, 0, 1, 0, 0, 0, 2, base >> 8, base, 0, step.count]);
          packet.set([step.reference >> 16, step.reference >> 8, step.reference, 0], 16);
          for (let at = 20; at < 40; at += 2) packet.set([step.chunk >> 8, step.chunk], at);
          packet.set(step.deltas, 40);
          history.feedback(packet, 0, packet.length, nowUs);
          const figures = history.figures(nowUs);
          for (const value of Object.values(figures)) expect(Number.isFinite(value)).toBe(true);
          expect(figures.acknowledgedBytes).toBeLessThanOrEqual(total);
          expect(figures.inFlightBytes).toBeGreaterThanOrEqual(0);
          expect(figures.inFlightBytes).toBeLessThanOrEqual(256_000);
          expect(figures.lossShare).toBeGreaterThanOrEqual(0);
          expect(figures.lossShare).toBeLessThanOrEqual(1);
          expect(figures.rttMs).toBeGreaterThanOrEqual(-1);
          expect(figures.rttMs).toBeLessThanOrEqual(10_000);
          expect(history.acknowledgedPackets + history.lostPackets).toBeLessThanOrEqual(history.sentPackets);
        }
      },
    ),
    { numRuns: 500, seed: 11 },
  );
});
