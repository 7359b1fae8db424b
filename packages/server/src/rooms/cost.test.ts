/** What a room's size costs those who are in it: calls are counted, not time. */
import type { ServerEvents } from '@efir/protocol';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { MediaEngine } from '../media/engine.js';
import { FakeWorkers } from '../testing/fake-workers.js';
import { offer } from '../testing/offers.js';
import { answerOffer } from './negotiation.js';
import { Participant } from './participant.js';
import { Room } from './room.js';

const PAGE = 9;
const SDP = (certificate: string): string =>
  offer(
    [
      { kind: 'audio', direction: 'sendonly' },
      { kind: 'video', direction: 'sendonly' },
      ...Array(3).fill({ kind: 'audio', direction: 'recvonly' }),
      ...Array(PAGE + 1).fill({ kind: 'video', direction: 'recvonly' }),
    ],
    { certificate },
  );

let open: Room | null = null;
afterEach(() => open?.close('over', false));

class Crowd {
  readonly workers = new FakeWorkers();
  readonly room: Room;
  readonly members: { participant: Participant; events: (keyof ServerEvents)[] }[] = [];

  constructor() {
    const topology = { meshMax: 0, sfuMax: 25, classicMax: 8, timeoutMs: 1000, settleMs: 1000 };
    this.room = new Room({
      id: 'demo',
      settings: { kind: 'call', topology: 'sfu', videoCodecs: ['vp8'], maxParticipants: 1000 },
      engine: new MediaEngine(this.workers, { announced: [], listen: ['0.0.0.0'] }),
      topology,
      resumeGraceMs: 1000,
      log: pino({ level: 'silent' }),
      onEmpty: () => {},
      onMembership: () => {},
      onViewers: () => {},
      onTopologyStep: () => {},
    });
    open = this.room;
  }

  /** Joins, publishes, and shows a page of those who came first. */
  async enter(withView = true): Promise<Participant> {
    const participant = new Participant({ name: 'one', permissions: { publish: true, subscribe: true } });
    const events: (keyof ServerEvents)[] = [];
    const page = this.members.filter(({ participant: { gone } }) => !gone).slice(0, PAGE);
    this.room.join(participant);
    this.members.push({ participant, events });
    this.room.connect(participant, { batches: true, send: (event) => void events.push(event), close: () => {} });
    if (withView) {
      const tiles = page.map(({ participant: { id } }) => ({
        show: { track: `${id}/1` },
        role: 'thumbnail' as const,
        width: 320,
        height: 180,
      }));
      this.room.view(participant, { tiles, audioOnly: false, maxBps: null });
    }
    await answerOffer(this.room, participant, { sdp: SDP('7A'), tracks: [], fresh: true }, false);
    await settled();
    return participant;
  }

  /** What is done for each of those who are there in the course of `work`, on average; and participants planned anew, in all. */
  async costOf(work: () => unknown): Promise<{ events: number; requests: number; plans: number }> {
    await settled();
    const there = [...this.members].filter(({ participant }) => !participant.gone);
    const transports = new Set(there.map(({ participant }) => participant.media?.transport));
    for (const { events } of there) events.length = 0;
    const [worker] = this.workers.workers;
    const asked = worker.requests.length;
    const before = this.room.distribution.updates;
    await work();
    await settled();
    const requests = worker.requests.slice(asked).filter((one) => 'transport' in one && transports.has(one.transport));
    const events = there.reduce((sum, one) => sum + one.events.length, 0);
    return {
      events: events / there.length,
      requests: requests.length,
      plans: this.room.distribution.updates - before,
    };
  }
}

/** Everything gathered has been told. */
async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(250);
}

async function crowdOf(size: number, withView = true): Promise<Crowd> {
  vi.useFakeTimers();
  const crowd = new Crowd();
  for (let n = 0; n < size; n++) await crowd.enter(withView);
  return crowd;
}
afterEach(() => void vi.useRealTimers());

test('somebody comes, is muted and leaves: the same work for each of 12 and of 120, which is one small event', async () => {
  const costs = [];
  for (const size of [12, 120]) {
    const crowd = await crowdOf(size);
    let newcomer: Participant | null = null;
    const came = await crowd.costOf(async () => {
      newcomer = await crowd.enter();
    });
    const muted = await crowd.costOf(() => crowd.room.mute(newcomer!, 'microphone', true));
    const left = await crowd.costOf(() => crowd.room.leave(newcomer!, 'left'));
    costs.push({ came, muted, left });
    crowd.room.close('over', false);
  }
  const [few, many] = costs;
  // Nobody's streams are planned anew but the newcomer's own, and the worker is asked nothing about the others.
  expect(few.came).toMatchObject({ requests: 0, plans: many.came.plans });
  expect(many.came).toMatchObject({ requests: 0 });
  expect(many.came.plans).toBeLessThanOrEqual(2);
  for (const { muted, left } of costs) {
    expect(muted).toMatchObject({ requests: 0, plans: 0 });
    expect(left).toMatchObject({ requests: 1, plans: 0 });
  }
  // `participant-joined` and `-updated`, or both in one batch.
  expect(few.came.events).toBeLessThanOrEqual(2);
  for (const what of ['came', 'muted', 'left'] as const) {
    expect(many[what].events).toBeLessThanOrEqual(few[what].events * 1.2);
    expect(many[what].events).toBeLessThanOrEqual(1);
  }
}, 30_000);

test('of one on the pages, those who show them are planned anew and no others', async () => {
  const crowd = await crowdOf(60);
  const shown = crowd.members[0].participant;
  const hidden = crowd.members[50].participant;
  const stops = (one: Participant) => () => {
    one.tracks = one.tracks.filter(({ source }) => source !== 'camera');
    crowd.room.distribution.tracksChanged(one);
  };
  expect(await crowd.costOf(stops(hidden))).toEqual({ events: 0, requests: 0, plans: 0 });
  expect(await crowd.costOf(stops(shown))).toMatchObject({ requests: 59, plans: 59 });
}, 30_000);

test('fifty who come at once into a room of fifty are a few events for each who is there', async () => {
  const crowd = await crowdOf(50);
  const { events, requests } = await crowd.costOf(async () => {
    await Promise.all(Array.from({ length: 50 }, () => crowd.enter()));
  });
  expect(requests).toBe(0);
  expect(events).toBeLessThan(10);
}, 30_000);

test('without views, everybody is planned anew when somebody comes', async () => {
  const crowd = await crowdOf(12, false);
  const { plans } = await crowd.costOf(() => crowd.enter(false));
  expect(plans).toBeGreaterThanOrEqual(12);
}, 30_000);
