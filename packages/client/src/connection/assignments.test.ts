import { expect, test } from 'vitest';
import { Assignments } from './assignments.js';

const stream = (mid: string, participant: string | null, source: 'microphone' | 'camera' | null = 'camera') => ({
  mid,
  participant,
  source: participant ? source : null,
  track: participant ? `${participant}-${source}` : null,
  csrc: participant ? 7 : null,
});

test('a section is found by participant and source, and the other way round', () => {
  const assignments = new Assignments();
  assignments.update([stream('2', 'ann'), stream('3', 'ann', 'microphone'), stream('4', null)]);
  expect(assignments.midOf('ann', 'camera')).toBe('2');
  expect(assignments.midOf('ann', 'microphone')).toBe('3');
  expect(assignments.of('4')).toBeUndefined();
  expect(assignments.of('2')).toEqual({ participant: 'ann', source: 'camera', csrc: 7 });
});

test('a section that is pointed at somebody else leaves the first one without', () => {
  const assignments = new Assignments();
  assignments.update([stream('2', 'ann')]);
  assignments.update([stream('2', 'bob')]);
  expect(assignments.midOf('ann', 'camera')).toBeUndefined();
  expect(assignments.midOf('bob', 'camera')).toBe('2');
});

test('when two sections carry one track, only the later one is shown', () => {
  const assignments = new Assignments();
  assignments.update([stream('2', 'ann'), stream('5', 'ann')]);
  expect(assignments.midOf('ann', 'camera')).toBe('5');
  expect(assignments.of('2')).toBeUndefined();
});

test('nothing is known about a new transport until the server speaks', () => {
  const assignments = new Assignments();
  assignments.update([stream('2', 'ann')]);
  assignments.clear();
  expect(assignments.known).toBe(false);
  expect(assignments.midOf('ann', 'camera')).toBeUndefined();
});

test('the section of whoever speaks gives way to the one that is for that person', () => {
  const assignments = new Assignments();
  const speaker = { ...stream('1', 'ann'), follow: 'speaker' as const };
  assignments.update([stream('2', 'ann'), speaker]);
  expect(assignments.midOf('ann', 'camera')).toBe('2');
  assignments.update([speaker, stream('2', 'ann')]);
  expect(assignments.midOf('ann', 'camera')).toBe('2');
  expect(assignments.of('1')).toMatchObject({ participant: 'ann' });
  assignments.update([speaker, stream('2', null)]);
  expect(assignments.midOf('ann', 'camera')).toBe('1');
  expect(assignments.thatFollow('speaker')).toEqual(['1']);
});
