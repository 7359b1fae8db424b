import { expect, test } from 'vitest';
import { MESH_CEILING, refusalOf, refusalOfSetting } from './admission.js';
import { type DecisionInput, decideTopology, fitsMesh, topologyBySize } from './decision.js';

const LIMITS = { meshMax: 5, sfuMax: 25, classicMax: 8, settleMs: 5000 };
const shape = { participants: 3, classic: 0, sfuOnly: 0, viewers: 0, apart: 0, setting: 'auto' } as const;
const decide = (input: Partial<DecisionInput>, now = 0): string =>
  decideTopology({ ...shape, current: 'mesh', fitsSinceMs: null, ...input }, LIMITS, now).topology;

test('a room is a mesh up to the limit, and goes to the SFU with the next one', () => {
  for (const participants of [0, 1, 5]) expect(decide({ participants })).toBe('mesh');
  for (const participants of [6, 25, 26, 500]) expect(decide({ participants })).toBe('sfu');
});

test('a room on the SFU stays there at the limit, and below it until it has been so for a while', () => {
  expect(decide({ participants: 5, current: 'sfu' }, 1e6)).toBe('sfu');
  const small = { participants: 4, current: 'sfu', fitsSinceMs: 1000 } as const;
  expect(decide(small, 5999)).toBe('sfu');
  expect(decide(small, 6000)).toBe('mesh');
  expect(decideTopology({ ...shape, ...small }, LIMITS, 2000).changesAtMs).toBe(6000);
});

test('WHIP, clients without a mesh and WHEP make it the SFU, however small', () => {
  expect(decide({ participants: 1, sfuOnly: 1 })).toBe('sfu');
  expect(decide({ viewers: 1 })).toBe('sfu');
  expect(fitsMesh({ ...shape, sfuOnly: 1 }, LIMITS)).toBe(false);
  expect(fitsMesh({ ...shape, viewers: 1 }, LIMITS)).toBe(false);
});

test('a classic client keeps it a mesh, also above the limit', () => {
  expect(decide({ participants: 8, classic: 1 })).toBe('mesh');
  expect(decide({ participants: 8, classic: 1, current: 'sfu' })).toBe('mesh');
});

test('a setting decides where nobody needs the other', () => {
  expect(decide({ participants: 1, setting: 'sfu' })).toBe('sfu');
  expect(decide({ participants: 12, setting: 'mesh', current: 'sfu' })).toBe('mesh');
  expect(decide({ setting: 'mesh', sfuOnly: 1 })).toBe('sfu');
  expect(decide({ setting: 'sfu', classic: 1 })).toBe('mesh');
});

test('with a limit of none, no room is a mesh', () => {
  const none = { ...LIMITS, meshMax: 0 };
  const input = { ...shape, participants: 1, current: 'mesh', fitsSinceMs: null } as const;
  expect(decideTopology(input, none, 0).topology).toBe('sfu');
  expect(fitsMesh({ ...shape, participants: 0 }, none)).toBe(false);
});

test('above the SFU a mixer would do better, and the SFU goes on', () => {
  expect([5, 6, 25, 26].map((participants) => topologyBySize(participants, LIMITS))).toEqual([
    'mesh',
    'sfu',
    'sfu',
    'mcu',
  ]);
});

test('a classic client is refused where the room has to be on the SFU', () => {
  for (const room of [{ setting: 'sfu' as const }, { sfuOnly: 1 }, { viewers: 1 }]) {
    expect(refusalOf('classic', { ...shape, ...room }, LIMITS)).toMatchObject({ code: 'conflict' });
  }
  expect(refusalOf('classic', shape, LIMITS)).toBeNull();
});

test('who needs the SFU is refused where the room has to be a mesh', () => {
  for (const newcomer of ['sfu-only', 'viewer'] as const) {
    for (const room of [{ setting: 'mesh' as const }, { classic: 1 }]) {
      expect(refusalOf(newcomer, { ...shape, ...room }, LIMITS)).toMatchObject({ code: 'conflict' });
    }
    expect(refusalOf(newcomer, shape, LIMITS)).toBeNull();
  }
});

test('a room with a classic client takes eight, whoever comes next', () => {
  const full = { ...shape, participants: 8, classic: 1 };
  expect(refusalOf('participant', full, LIMITS)).toMatchObject({ code: 'room-full' });
  expect(refusalOf('classic', full, LIMITS)).toMatchObject({ code: 'room-full' });
  expect(refusalOf('classic', { ...shape, participants: 8 }, LIMITS)).toMatchObject({ code: 'room-full' });
  expect(refusalOf('participant', { ...shape, participants: 8 }, LIMITS)).toBeNull();
  expect(refusalOf('participant', { ...full, participants: 7 }, LIMITS)).toBeNull();
});

test('a setting that somebody in the room cannot follow is refused', () => {
  expect(refusalOfSetting('sfu', { ...shape, classic: 1 })).toMatchObject({ code: 'conflict' });
  expect(refusalOfSetting('mesh', { ...shape, viewers: 1 })).toMatchObject({ code: 'conflict' });
  expect(refusalOfSetting('mesh', { ...shape, sfuOnly: 1 })).toMatchObject({ code: 'conflict' });
  expect(refusalOfSetting('auto', { ...shape, classic: 1, viewers: 1 })).toBeNull();
  expect(refusalOfSetting('mesh', shape)).toBeNull();
});

test('a room set to a mesh takes no more than a client can bear', () => {
  const full = { ...shape, participants: MESH_CEILING };
  expect(refusalOf('participant', { ...full, setting: 'mesh' }, LIMITS)).toMatchObject({ code: 'room-full' });
  expect(refusalOf('participant', full, LIMITS)).toBeNull();
  expect(refusalOfSetting('mesh', { ...full, participants: MESH_CEILING + 1 })).toMatchObject({ code: 'conflict' });
  expect(refusalOfSetting('mesh', full)).toBeNull();
});
