import { expect, test } from 'vitest';
import { RECOVERY_TIMES, Recovery } from './recovery.js';

const half = () => 0.5;

/** In the room with media, at time 0. */
function inCall(): Recovery {
  const recovery = new Recovery(half);
  recovery.start(0);
  recovery.take(0);
  recovery.signallingUp(0, false);
  recovery.take(0);
  recovery.transport('connected', 0);
  return recovery;
}

test('the way in: socket, then a transport, then connected', () => {
  const recovery = new Recovery(half);
  expect(recovery.state).toBe('idle');
  recovery.start(0);
  expect(recovery.state).toBe('connecting');
  expect(recovery.take(0)).toEqual(['open-signalling']);
  expect(recovery.take(5_000)).toEqual([]);
  recovery.signallingUp(100, false);
  expect(recovery.take(100)).toEqual(['renew-transport']);
  recovery.transport('connecting', 110);
  expect(recovery.state).toBe('connecting');
  recovery.transport('connected', 300);
  expect(recovery.state).toBe('connected');
  expect(recovery.nextAt).toBe(Number.POSITIVE_INFINITY);
});

test('a lost socket is opened again at once, then less and less often', () => {
  const recovery = inCall();
  recovery.signallingLost(1_000);
  expect(recovery.state).toBe('reconnecting');
  expect(recovery.nextAt).toBe(1_300);
  expect(recovery.take(1_299)).toEqual([]);
  expect(recovery.take(1_300)).toEqual(['open-signalling']);
  recovery.signallingLost(1_300);
  expect(recovery.nextAt).toBe(1_900);
  for (let i = 0; i < 20; i++) recovery.signallingLost(2_000);
  expect(recovery.nextAt).toBe(10_000);
});

test('a resumed session with healthy media needs nothing more', () => {
  const recovery = inCall();
  recovery.signallingLost(1_000);
  recovery.take(2_000);
  recovery.signallingUp(2_100, true);
  expect(recovery.take(2_100)).toEqual([]);
  expect(recovery.state).toBe('connected');
});

test('a session that was not resumed gets a new transport', () => {
  const recovery = inCall();
  recovery.signallingLost(1_000);
  recovery.take(2_000);
  recovery.signallingUp(2_100, false);
  expect(recovery.take(2_100)).toEqual(['renew-transport']);
  expect(recovery.state).toBe('reconnecting');
});

test('a moment of disconnection passes without a word', () => {
  const recovery = inCall();
  recovery.transport('disconnected', 1_000);
  expect(recovery.state).toBe('connected');
  recovery.transport('connected', 2_500);
  expect(recovery.take(10_000)).toEqual([]);
});

test('three seconds of disconnection restart ICE, and a restart that fails leads to a new transport', () => {
  const recovery = inCall();
  recovery.transport('disconnected', 1_000);
  expect(recovery.take(3_999)).toEqual([]);
  expect(recovery.take(4_000)).toEqual(['restart-ice']);
  expect(recovery.state).toBe('reconnecting');
  expect(recovery.nextAt).toBe(4_000 + RECOVERY_TIMES.restart);
  expect(recovery.take(9_000)).toEqual(['renew-transport']);
  recovery.transport('connected', 9_200);
  expect(recovery.state).toBe('connected');
});

test('a failed path is restarted at once', () => {
  const recovery = inCall();
  recovery.transport('failed', 1_000);
  expect(recovery.take(1_000)).toEqual(['restart-ice']);
  recovery.transport('failed', 1_500);
  expect(recovery.take(1_500)).toEqual(['renew-transport']);
});

test('without signalling no transport is mended; with it, at once', () => {
  const recovery = inCall();
  recovery.signallingLost(1_000);
  recovery.transport('failed', 1_100);
  expect(recovery.take(1_400)).toEqual(['open-signalling']);
  recovery.signallingUp(6_000, true);
  expect(recovery.take(6_000)).toEqual(['restart-ice']);
});

test('a dead worker means a new transport straight away', () => {
  const recovery = inCall();
  recovery.transportGone(1_000);
  expect(recovery.state).toBe('reconnecting');
  expect(recovery.take(1_000)).toEqual(['renew-transport']);
});

test('a state of the old transport that comes late does not disturb the new one', () => {
  const recovery = inCall();
  recovery.transportGone(1_000);
  recovery.take(1_000);
  recovery.transport('disconnected', 1_100);
  expect(recovery.take(5_000)).toEqual([]);
});

test('an offer that fails is tried on a new transport, after a pause', () => {
  const recovery = inCall();
  recovery.transportGone(1_000);
  recovery.take(1_000);
  recovery.offerFailed(1_100);
  expect(recovery.nextAt).toBe(1_400);
  expect(recovery.take(1_400)).toEqual(['renew-transport']);
  recovery.offerFailed(1_500);
  expect(recovery.nextAt).toBe(2_100);
});

test('media that never connects is reported once, and tried on', () => {
  const recovery = new Recovery(half);
  recovery.start(0);
  recovery.take(0);
  recovery.signallingUp(0, false);
  const seen: string[] = [];
  for (let now = 0; now <= 40_000; now += 100) seen.push(...recovery.take(now));
  expect(seen.filter((action) => action === 'report-blocked')).toHaveLength(1);
  expect(seen.filter((action) => action === 'renew-transport').length).toBeGreaterThanOrEqual(3);
});

test('another network: the socket is opened anew and ICE restarted though nothing has failed yet', () => {
  const recovery = inCall();
  recovery.offline();
  recovery.online(1_000);
  expect(recovery.take(1_000)).toEqual(['open-signalling']);
  recovery.signallingUp(1_200, true);
  expect(recovery.take(1_200)).toEqual(['restart-ice']);
  recovery.transport('connected', 1_300);
  expect(recovery.state).toBe('connected');
});

test('after the end nothing is mended', () => {
  const recovery = inCall();
  recovery.close();
  recovery.signallingLost(1_000);
  recovery.transport('failed', 1_000);
  expect(recovery.take(60_000)).toEqual([]);
  expect(recovery.nextAt).toBe(Number.POSITIVE_INFINITY);
  expect(recovery.state).toBe('closed');
});
