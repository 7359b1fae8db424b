import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Assigned } from './assignments.js';
import { FaceGate } from './face-gate.js';

const ANN = 11;
const BOB = 22;
const carries = (csrc: number | null): [string, Assigned][] => [['4', { participant: 'x', source: 'camera', csrc }]];

let delivered: { source: number; timestamp: number }[];
const changed = vi.fn();
const gate = () =>
  new FaceGate(() => ({ getContributingSources: () => delivered as RTCRtpContributingSource[] }), changed);

beforeEach(() => {
  vi.useFakeTimers();
  delivered = [];
  changed.mockClear();
});
afterEach(() => vi.useRealTimers());

test('a section that nobody was in before is shown at once', () => {
  const faces = gate();
  faces.update(carries(ANN), []);
  expect(faces.isOpen('4')).toBe(true);
  faces.close();
});

test('whoever has another transport is shown all the time, also by pictures from the one before', () => {
  const faces = gate();
  const [mid, ann] = carries(33)[0] as [string, Assigned];
  faces.update(carries(ANN), []);
  delivered = [{ source: ANN, timestamp: 100 }];
  faces.update([[mid, { ...ann, formerCsrc: ANN }]], []);
  expect(faces.isOpen('4')).toBe(true);
  delivered = [{ source: 33, timestamp: 130 }];
  faces.update(carries(33), []);
  expect(faces.isOpen('4')).toBe(true);
  expect(changed).not.toHaveBeenCalled();
  faces.close();
});

test('who comes after somebody else is shown from the first picture of their own', () => {
  const faces = gate();
  faces.update(carries(ANN), []);
  delivered = [{ source: ANN, timestamp: 100 }];
  faces.update(carries(BOB), []);
  expect(faces.isOpen('4')).toBe(false);
  delivered = [{ source: ANN, timestamp: 130 }];
  vi.advanceTimersByTime(200);
  expect(faces.isOpen('4')).toBe(false);
  delivered = [
    { source: ANN, timestamp: 130 },
    { source: BOB, timestamp: 160 },
  ];
  vi.advanceTimersByTime(40);
  expect(faces.isOpen('4')).toBe(true);
  expect(changed).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});

test('whoever is turned to and back again before a picture came is shown at once', () => {
  const faces = gate();
  faces.update(carries(ANN), []);
  delivered = [{ source: ANN, timestamp: 100 }];
  faces.update(carries(BOB), []);
  faces.update(carries(ANN), []);
  expect(faces.isOpen('4')).toBe(true);
  faces.close();
});

test('after an empty time the next one waits for their own picture as well', () => {
  const faces = gate();
  faces.update(carries(ANN), []);
  delivered = [{ source: ANN, timestamp: 100 }];
  faces.update(carries(null), []);
  // Browsers forget sources that were silent for ten seconds.
  delivered = [];
  faces.update(carries(BOB), []);
  expect(faces.isOpen('4')).toBe(false);
  faces.close();
});

test('a section that follows who speaks is hidden when it changes before we are told', () => {
  const faces = gate();
  faces.update(carries(ANN), ['4']);
  expect(faces.isOpen('4')).toBe(false);
  delivered = [{ source: ANN, timestamp: 100 }];
  vi.advanceTimersByTime(60);
  expect(faces.isOpen('4')).toBe(true);
  delivered = [{ source: BOB, timestamp: 130 }];
  vi.advanceTimersByTime(60);
  expect(faces.isOpen('4')).toBe(false);
  faces.update(carries(BOB), ['4']);
  expect(faces.isOpen('4')).toBe(true);
  faces.close();
});
