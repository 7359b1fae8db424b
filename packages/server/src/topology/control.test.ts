import type { TopologyEvent } from '@efir/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RETRY_MS, TopologyControl, type TopologyStep } from './control.js';
import type { RoomShape } from './decision.js';

const OPTIONS = { meshMax: 5, sfuMax: 25, classicMax: 8, settleMs: 5000, timeoutMs: 8000 };
const NOBODY: RoomShape = { participants: 0, classic: 0, sfuOnly: 0, viewers: 0, apart: 0, setting: 'auto' };
const names = (count: number): Set<string> => new Set(Array.from({ length: count }, (_, n) => `p${n}`));
const told = (steps: TopologyStep[]): string[] =>
  steps.map(({ event: { phase, topology, reason } }) => `${phase} ${topology}: ${reason}`);

/** A room of so many connected participants. */
class Room {
  readonly control: TopologyControl;
  now = 0;
  shape = NOBODY;
  members = new Set<string>();

  constructor(shape: Partial<RoomShape> = {}, options = OPTIONS) {
    this.control = new TopologyControl(options, shape.setting ?? 'auto');
    this.set(shape);
  }

  set(shape: Partial<RoomShape>, members?: Set<string>): TopologyStep[] {
    this.shape = { ...this.shape, ...shape };
    this.members = members ?? names(this.shape.participants - this.shape.classic - this.shape.sfuOnly);
    return this.control.changed(this.shape, this.members, this.now);
  }

  /** One after the other, as people come. */
  fill(count: number): TopologyStep[] {
    const steps = [];
    for (let n = this.shape.participants + 1; n <= count; n++) {
      // Joined, and then connected.
      steps.push(...this.set({ participants: n }, names(n - 1)), ...this.set({}));
    }
    return steps;
  }

  report(member: string, ok = true): TopologyStep[] {
    return this.control.report(member, this.control.pending?.epoch ?? -1, ok, this.now);
  }

  allReady(): TopologyStep[] {
    return [...this.members].flatMap((member) => this.report(member));
  }

  wait(ms: number): TopologyStep[] {
    const steps = [];
    const end = this.now + ms;
    for (;;) {
      const next = this.control.nextAtMs;
      if (next === null || next > end) break;
      this.now = Math.max(this.now, next);
      steps.push(...this.control.tick(this.now));
      if (this.control.nextAtMs !== null && this.control.nextAtMs <= next) throw new Error('it makes no progress');
    }
    this.now = end;
    return steps;
  }
}

test('five are a mesh; with the sixth all move to the SFU, the sixth too', () => {
  const room = new Room();
  expect(room.fill(5)).toEqual([]);
  expect(room.control.current).toBe('mesh');
  expect(told(room.fill(6))).toEqual(['prepare sfu: participants']);
  expect(room.control).toMatchObject({ current: 'mesh', pending: { epoch: 1, topology: 'sfu' } });
  const steps = room.allReady();
  expect(told(steps)).toEqual(['commit sfu: participants']);
  expect(room.control).toMatchObject({ current: 'sfu', pending: null });
});

test('two leave, and later the room is a mesh again', () => {
  const room = new Room();
  room.fill(6);
  room.allReady();
  expect([...room.set({ participants: 5 }), ...room.wait(60_000)]).toEqual([]);
  expect(room.set({ participants: 4 })).toEqual([]);
  expect(room.wait(4999)).toEqual([]);
  expect(told(room.wait(1))).toEqual(['prepare mesh: participants']);
  expect(told(room.allReady())).toEqual(['commit mesh: participants']);
});

test('one who never connects leaves the room where it was, and it is not tried again for a while', () => {
  const room = new Room();
  room.fill(6);
  for (const member of ['p0', 'p1', 'p2', 'p3', 'p5']) expect(room.report(member)).toEqual([]);
  const [abort, ...more] = room.wait(8000);
  expect(abort?.event).toEqual({ epoch: 1, topology: 'mesh', phase: 'abort', reason: 'timeout', participant: 'p4' });
  expect(abort?.tookMs).toBe(8000);
  expect(more).toEqual([]);
  expect(room.wait(RETRY_MS - 1)).toEqual([]);
  expect(told(room.wait(1))).toEqual(['prepare sfu: participants']);
  expect(room.control.pending?.epoch).toBe(2);
});

test('one who says that they cannot ends it at once', () => {
  const room = new Room();
  room.fill(6);
  expect(room.report('p3', false)[0]?.event).toMatchObject({
    phase: 'abort',
    reason: 'client-failed',
    participant: 'p3',
  });
  expect(room.control.current).toBe('mesh');
});

test('after a failure it is tried again when somebody comes', () => {
  const room = new Room();
  room.fill(6);
  room.report('p3', false);
  expect(told(room.set({ participants: 7 }))).toEqual(['prepare sfu: participants']);
});

test('when the reason goes, the move ends', () => {
  const room = new Room();
  room.fill(6);
  expect(told(room.set({ participants: 5 }))).toEqual(['abort mesh: room-changed']);
  expect(told(room.set({ participants: 6 }))).toEqual(['prepare sfu: participants']);
});

test('a room that grows while it goes back to a mesh stays on the SFU', () => {
  const room = new Room();
  room.fill(6);
  room.allReady();
  room.set({ participants: 4 });
  room.wait(5000);
  expect(told(room.set({ participants: 5 }))).toEqual(['abort sfu: room-changed']);
});

test('who comes during a move to a mesh that still fits is waited for', () => {
  const room = new Room();
  room.fill(6);
  room.allReady();
  room.set({ participants: 3 });
  expect(told(room.wait(5000))).toEqual(['prepare mesh: participants']);
  expect(room.set({ participants: 4 })).toEqual([]);
  for (const member of ['p0', 'p1', 'p2']) expect(room.report(member)).toEqual([]);
  expect(told(room.report('p3'))).toEqual(['commit mesh: participants']);
});

test('reports of another epoch are nothing', () => {
  const room = new Room();
  room.fill(6);
  expect(room.control.report('p0', 7, false, 0)).toEqual([]);
  expect(room.control.pending).not.toBeNull();
});

test('a setting moves a room that is in use, and one that is not without ado', () => {
  const room = new Room({ participants: 2 });
  expect(told(room.set({ setting: 'sfu' }))).toEqual(['prepare sfu: setting']);
  expect(told(room.allReady())).toEqual(['commit sfu: setting']);
  expect(told(room.set({ setting: 'mesh' }))).toEqual(['prepare mesh: setting']);
  expect(told(room.set({ setting: 'sfu' }))).toEqual(['abort sfu: room-changed']);
  expect(new Room({ setting: 'sfu' }).control.current).toBe('sfu');
  const empty = new Room();
  expect(told(empty.set({ setting: 'sfu' }))).toEqual(['commit sfu: setting']);
});

test('what failed is tried again when somebody asks for it', () => {
  const room = new Room({ participants: 2 });
  room.set({ setting: 'sfu' });
  room.report('p0', false);
  expect(room.set({ setting: 'sfu' })).toEqual([]);
  expect(told(room.control.retry(room.now))).toEqual(['prepare sfu: setting']);
});

test('WHIP in a small room takes it to the SFU, and back when it has ended for a while', () => {
  const room = new Room({ participants: 2 });
  expect(told(room.set({ participants: 3, sfuOnly: 1 }))).toEqual(['prepare sfu: sfu-only']);
  expect(told(room.allReady())).toEqual(['commit sfu: sfu-only']);
  room.set({ participants: 2, sfuOnly: 0 });
  expect(told(room.wait(5000))).toEqual(['prepare mesh: participants']);
});

test('WHIP alone is on the SFU at once, and the first to join does not move', () => {
  const room = new Room();
  expect(told(room.set({ participants: 1, sfuOnly: 1 }))).toEqual(['commit sfu: sfu-only']);
  expect(room.set({ participants: 2 })).toEqual([]);
});

test('a viewer takes a mesh to the SFU', () => {
  const room = new Room({ participants: 3 });
  expect(told(room.set({ viewers: 1 }))).toEqual(['prepare sfu: viewers']);
});

test('a classic client ends a move to the SFU, or takes the room back from there', () => {
  const room = new Room();
  room.fill(6);
  expect(told(room.set({ participants: 7, classic: 1 }))).toEqual(['abort mesh: room-changed']);
  const other = new Room();
  other.fill(6);
  other.allReady();
  expect(told(other.set({ participants: 7, classic: 1 }))).toEqual(['prepare mesh: classic']);
});

test('who is away is not waited for', () => {
  const room = new Room();
  room.fill(6);
  for (const member of ['p1', 'p2', 'p3', 'p4', 'p5']) room.report(member);
  expect(told(room.set({}, new Set(['p1', 'p2', 'p3', 'p4', 'p5'])))).toEqual(['commit sfu: participants']);
});

test('without a media worker a move to the SFU ends, and another topology’s goes on', () => {
  const room = new Room();
  room.fill(6);
  expect(told(room.control.unavailable(0))).toEqual(['abort mesh: unavailable']);
  expect(room.control.unavailable(0)).toEqual([]);
});

const anyAction = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('join' as const), connected: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('leave' as const) }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('ready' as const), who: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('fail' as const), who: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('renew' as const), who: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('all ready' as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.nat(12_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('shape' as const),
      classic: fc.nat(1),
      sfuOnly: fc.nat(1),
      viewers: fc.nat(1),
      setting: fc.constantFrom('auto' as const, 'mesh' as const, 'sfu' as const),
    }),
  },
);

test('whatever happens, each move is prepared and then ends once, in time, and the room is where it was told to be', () => {
  fc.assert(
    fc.property(fc.array(anyAction, { maxLength: 60 }), (actions) => {
      const room = new Room();
      let open: TopologyEvent | null = null;
      let openedAt = 0;
      let epoch = 0;
      let current: string = 'mesh';
      const check = (steps: TopologyStep[]): void => {
        for (const { event } of steps) {
          if (event.phase === 'prepare') {
            expect(open).toBeNull();
            expect(event.epoch).toBeGreaterThan(epoch);
            expect(event.topology).not.toBe(current);
            open = event;
            openedAt = room.now;
          } else if (event.phase === 'commit') {
            if (open) expect(event).toMatchObject({ epoch: open.epoch, topology: open.topology });
            else expect(room.members.size).toBe(0);
            current = event.topology;
            open = null;
          } else {
            expect(event).toMatchObject({ epoch: open?.epoch, topology: current });
            open = null;
          }
          epoch = event.epoch;
        }
        expect(room.control.current).toBe(current);
        expect(room.control.pending?.epoch).toBe(open?.epoch);
      };
      for (const action of actions) {
        switch (action.type) {
          case 'join':
            check(room.set({ participants: room.shape.participants + 1 }));
            break;
          case 'leave':
            if (room.members.size > 0) check(room.set({ participants: room.shape.participants - 1 }));
            break;
          case 'ready':
            check(room.report(`p${action.who}`));
            break;
          case 'fail':
            check(room.report(`p${action.who}`, false));
            break;
          case 'renew':
            check(room.control.renewed(`p${action.who}`, room.now));
            break;
          case 'all ready':
            check(room.allReady());
            break;
          case 'wait':
            check(room.wait(action.ms));
            break;
          case 'shape': {
            const { type: _, ...shape } = action;
            const people = room.members.size;
            check(room.set({ ...shape, participants: people + shape.classic + shape.sfuOnly }, names(people)));
          }
        }
        if (open) expect(room.now - openedAt).toBeLessThan(2 * OPTIONS.timeoutMs);
      }
    }),
  );
});

test('a room does not flap: back to a mesh only after it was small enough for long enough', () => {
  const anyTimes = fc.array(fc.record({ ms: fc.nat(6000), people: fc.integer({ min: 1, max: 8 }) }), { maxLength: 60 });
  fc.assert(
    fc.property(anyTimes, (times) => {
      const room = new Room();
      let bigAt = 0;
      for (const { ms, people } of times) {
        const steps = room.wait(ms);
        for (const { event } of steps) {
          expect(event).toMatchObject({ phase: 'prepare', topology: 'mesh' });
          expect(room.shape.participants).toBeLessThan(OPTIONS.meshMax);
          expect(room.now - bigAt).toBeGreaterThanOrEqual(OPTIONS.settleMs);
        }
        room.allReady();
        if (room.shape.participants >= OPTIONS.meshMax || people >= OPTIONS.meshMax) bigAt = room.now;
        room.set({ participants: people });
        room.allReady();
        if (people > OPTIONS.meshMax) expect(room.control.current).toBe('sfu');
      }
    }),
  );
});

test('on the edge of the limit it moves once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ ms: fc.nat(20_000), people: fc.constantFrom(5, 6) }), { maxLength: 40 }),
      (times) => {
        const room = new Room();
        let moves = 0;
        const count = (steps: TopologyStep[]): void => {
          moves += steps.filter(({ event }) => event.phase === 'commit' && room.members.size > 0).length;
        };
        room.set({ participants: 5 });
        for (const { ms, people } of times) {
          count(room.wait(ms));
          count(room.set({ participants: people }));
          count(room.allReady());
        }
        expect(moves).toBeLessThanOrEqual(1);
      },
    ),
  );
});
