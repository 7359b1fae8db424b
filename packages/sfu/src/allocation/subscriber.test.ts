import { seededRandom } from '@efir/rtc';
import { describe, expect, test } from 'vitest';
import { SimulatedRoom, type SimulatedViewer } from '../testing/simulated-room.js';

const wide = () => ({ random: seededRandom(1), capacity: 50_000_000, propagationMs: 20 });

/** Bits a second of one source at the viewer, from then on until now. */
function rate(room: SimulatedRoom, viewer: SimulatedViewer, publisher: string, fromMs: number): number {
  const bytes = viewer
    .since(fromMs)
    .filter(({ csrc }) => csrc === room.tag(publisher))
    .reduce((sum, arrival) => sum + arrival.bytes, 0);
  return (bytes * 8_000) / (room.ms - fromMs);
}

function longestGap(viewer: SimulatedViewer, csrc: number, fromMs: number): number {
  const times = viewer.since(fromMs).filter((arrival) => arrival.csrc === csrc);
  let longest = 0;
  for (let i = 1; i < times.length; i++) longest = Math.max(longest, times[i].ms - times[i - 1].ms);
  return longest;
}

describe('a page of thumbnails', () => {
  function page(publishers: number) {
    const room = new SimulatedRoom();
    for (let i = 0; i < publishers; i++) room.publisher(`p${i}`);
    room.run(500);
    const viewer = room.viewer('viewer', 9, 3, wide());
    for (let i = 0; i < 9; i++) room.show(viewer, `v${i}`, `p${i}`, 'thumbnail', i);
    return { room, viewer };
  }

  test('takes the lowest layer of each, and is there soon', () => {
    const { room, viewer } = page(12);
    const start = room.ms;
    room.run(1_500);
    for (let i = 0; i < 9; i++) {
      const first = viewer.arrivals.find(({ csrc }) => csrc === room.tag(`p${i}`));
      expect(first!.ms - start).toBeLessThan(1_000);
      expect(rate(room, viewer, `p${i}`, room.ms - 500)).toBeLessThan(200_000);
      expect(viewer.arrivals.filter(({ csrc, height }) => csrc === room.tag(`p${i}`) && height > 180)).toEqual([]);
    }
  });

  test('who speaks gets the best layer within a second, and the lowest again afterwards', () => {
    const { room, viewer } = page(9);
    room.run(4_000);
    room.publishers.get('p3')!.level = 20;
    const spoke = room.ms;
    room.run(2_500);
    const switched = room.notices.findIndex((n) => n.type === 'speaker' && n.producer === 'p3/a');
    expect(switched).toBeGreaterThanOrEqual(0);
    const sharp = viewer.since(spoke).find(({ csrc, height }) => csrc === room.tag('p3') && height === 720);
    expect(sharp!.ms - spoke).toBeLessThan(2_000);
    room.publishers.get('p3')!.level = 127;
    room.publishers.get('p5')!.level = 20;
    room.run(6_000);
    expect(rate(room, viewer, 'p3', room.ms - 1_000)).toBeLessThan(200_000);
    expect(rate(room, viewer, 'p5', room.ms - 1_000)).toBeGreaterThan(800_000);
  });

  test('layers that nobody takes are switched off, and on again when they are wanted', () => {
    const { room, viewer } = page(9);
    room.run(5_000);
    for (const publisher of room.publishers.values()) expect(publisher.wanted).toBe(0);
    room.show(viewer, 'v4', 'p4', 'stage');
    room.run(200);
    expect(room.publishers.get('p4')!.wanted).toBe(2);
    room.run(2_000);
    expect(rate(room, viewer, 'p4', room.ms - 500)).toBeGreaterThan(800_000);
  });

  test('a page flip shows the new faces soon, and no packet of an old one comes after the flip', () => {
    const { room, viewer } = page(18);
    room.run(3_000);
    const flip = room.ms;
    for (let i = 0; i < 9; i++) room.show(viewer, `v${i}`, `p${i + 9}`, 'thumbnail', i);
    room.run(1_500);
    const delays = [];
    for (let i = 9; i < 18; i++) {
      delays.push(viewer.since(flip).find(({ csrc }) => csrc === room.tag(`p${i}`))!.ms - flip);
    }
    delays.sort((a, b) => a - b);
    expect(delays[4]).toBeLessThan(500);
    // 20 ms are on the way.
    for (let i = 0; i < 9; i++) {
      const old = viewer.since(flip + 30).filter(({ csrc, bytes }) => csrc === room.tag(`p${i}`) && bytes > 300);
      expect(old).toEqual([]);
    }
  });
});

describe('a path that gets narrow and wide again', () => {
  function narrow() {
    const room = new SimulatedRoom();
    for (let i = 0; i < 5; i++) room.publisher(`p${i}`);
    const capacity = [
      { atMs: 0, bps: 3_000_000 },
      { atMs: 12_000, bps: 500_000 },
      { atMs: 27_000, bps: 3_000_000 },
    ];
    const viewer = room.viewer('viewer', 5, 0, { random: seededRandom(3), capacity, propagationMs: 25 });
    const other = room.viewer('other', 1, 0, wide());
    room.show(viewer, 'v0', 'p0', 'stage', 0);
    for (let i = 1; i < 5; i++) room.show(viewer, `v${i}`, `p${i}`, 'thumbnail', i);
    room.show(other, 'v0', 'p0', 'stage', 0);
    return { room, viewer, other };
  }

  test('pictures get smaller and none stops; the queue drains; afterwards the best comes back; others notice nothing', () => {
    const { room, viewer, other } = narrow();
    room.run(12_000);
    expect(rate(room, viewer, 'p0', 9_000)).toBeGreaterThan(1_000_000);
    room.run(15_000);
    const queueing = viewer
      .since(15_000)
      .map(({ delayMs }) => delayMs - 25)
      .sort((a, b) => a - b);
    expect(queueing[Math.floor(queueing.length * 0.95)]).toBeLessThan(200);
    expect(longestGap(viewer, room.tag('p0'), 12_000)).toBeLessThan(1_000);
    expect(rate(room, viewer, 'p0', 20_000)).toBeGreaterThan(80_000);
    room.run(12_000);
    expect(rate(room, viewer, 'p0', 37_000)).toBeGreaterThan(1_000_000);
    expect(longestGap(other, room.tag('p0'), 3_000)).toBeLessThan(200);
  });

  test('a short want of bandwidth pauses nothing that runs, a long one does', () => {
    const room = new SimulatedRoom();
    for (let i = 0; i < 5; i++) room.publisher(`p${i}`);
    const viewer = room.viewer('viewer', 5, 0, wide());
    for (let i = 0; i < 5; i++) room.show(viewer, `v${i}`, `p${i}`, 'thumbnail', i);
    room.run(5_000);
    const paused = () =>
      room.notices.some((n) => n.type === 'quality' && n.transport === 'viewer' && n.streams.some((s) => s.paused));
    viewer.transport.subscriber.remb(100_000);
    room.run(800);
    viewer.transport.subscriber.remb(1e9);
    room.run(3_000);
    expect(paused()).toBe(false);
    for (let i = 0; i < 5; i++) expect(longestGap(viewer, room.tag(`p${i}`), 4_000)).toBeLessThan(500);
    viewer.transport.subscriber.remb(100_000);
    room.run(2_500);
    expect(paused()).toBe(true);
  });

  test('the viewer is told when pictures are paused, and when they are back', () => {
    const { room, viewer } = narrow();
    room.run(10_000);
    viewer.link.setCapacity(room.ms, 150_000);
    room.run(10_000);
    const weak = room.notices.filter((n) => n.type === 'quality' && n.transport === 'viewer');
    expect(weak.some((n) => n.type === 'quality' && n.weak && n.streams.some(({ paused }) => paused))).toBe(true);
    viewer.link.setCapacity(room.ms, 5_000_000);
    room.run(15_000);
    expect(room.notices.findLast((n) => n.type === 'quality' && n.transport === 'viewer')).toMatchObject({
      weak: false,
    });
  });
});

describe('many join at once', () => {
  test('no publisher is asked for more than two key frames a second', () => {
    const room = new SimulatedRoom();
    for (let i = 0; i < 10; i++) room.publisher(`p${i}`);
    room.run(3_000);
    const start = room.ms;
    for (let n = 0; n < 20; n++) {
      const viewer = room.viewer(`viewer${n}`, 9, 0, wide());
      for (let i = 0; i < 9; i++) room.show(viewer, `v${i}`, `p${i}`, 'thumbnail', i);
      room.run(50);
    }
    room.run(4_000);
    for (const publisher of room.publishers.values()) {
      const asked = publisher.requests.filter((ms) => ms >= start);
      for (const ms of asked) expect(asked.filter((other) => other >= ms && other < ms + 1_000).length).toBeLessThan(3);
    }
    for (const viewer of room.viewers.values()) {
      for (let i = 0; i < 9; i++) expect(viewer.arrivals.some(({ csrc }) => csrc === room.tag(`p${i}`))).toBe(true);
    }
  });
});

describe('sound of a big room', () => {
  test('is that of the loudest, however many send', () => {
    const room = new SimulatedRoom();
    for (let i = 0; i < 12; i++) room.publisher(`p${i}`, []).level = i >= 9 ? 25 : 100;
    const viewer = room.viewer('viewer', 0, 3, wide());
    room.engine.setClock();
    for (const stream of viewer.transport.streams.values())
      viewer.transport.router.route(stream, { follow: 'loudest' });
    room.run(4_000);
    const heard = new Set([...viewer.transport.streams.values()].map(({ producer }) => producer?.id));
    expect(heard).toEqual(new Set(['p9/a', 'p10/a', 'p11/a']));
    room.publishers.get('p10')!.level = 100;
    room.publishers.get('p2')!.level = 20;
    room.run(4_000);
    const now = new Set([...viewer.transport.streams.values()].map(({ producer }) => producer?.id));
    expect(now).toEqual(new Set(['p9/a', 'p2/a', 'p11/a']));
    expect(room.notices).toContainEqual(expect.objectContaining({ type: 'source', producer: 'p2/a' }));
  });
});
