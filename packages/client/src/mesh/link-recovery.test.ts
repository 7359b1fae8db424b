import { expect, test } from 'vitest';
import { LINK_TIMES, LinkRecovery } from './link-recovery.js';

const role = { polite: false, initiator: true, classic: false };
const connected = (more: Partial<typeof role> = {}) => {
  const recovery = new LinkRecovery({ ...role, ...more }, 0);
  recovery.state('connected', 0);
  return recovery;
};
/** What it does in a time, looked at every 100 ms. */
const actions = (recovery: LinkRecovery, from: number, to: number) => {
  const done: string[] = [];
  for (let now = from; now <= to; now += 100) {
    const action = recovery.take(now);
    if (action) done.push(`${action} ${now}`);
  }
  return done;
};

test('a connection that is up is left alone', () => {
  expect(actions(connected(), 0, 60_000)).toEqual([]);
});

test('who waits for the first offer makes it in the end', () => {
  const recovery = new LinkRecovery({ ...role, initiator: false }, 0);
  expect(actions(recovery, 0, 5_000)).toEqual([`offer ${LINK_TIMES.firstOffer}`]);
});

test('an offer that came in time is not met by one of ours', () => {
  const recovery = new LinkRecovery({ ...role, initiator: false }, 0);
  recovery.heard(500);
  recovery.state('connected', 900);
  expect(actions(recovery, 900, 20_000)).toEqual([]);
});

test('a disconnection mends itself, or ICE is restarted, first by the impolite end', () => {
  const brief = connected();
  brief.state('disconnected', 1_000);
  brief.state('connected', 2_000);
  expect(actions(brief, 1_000, 20_000)).toEqual([]);
  const [impolite, polite] = [connected(), connected({ polite: true })];
  for (const end of [impolite, polite]) end.state('disconnected', 1_000);
  expect(actions(impolite, 1_000, 4_000)).toEqual(['restart 2500']);
  expect(actions(polite, 1_000, 3_900)).toEqual([]);
  expect(actions(polite, 4_000, 4_100)).toEqual(['restart 4000']);
});

test('a failure is mended at once; restarts that help nothing give way to a new connection', () => {
  const recovery = connected();
  recovery.state('failed', 1_000);
  const done = actions(recovery, 1_000, 60_000).map((line) => line.split(' ')[0]);
  expect(done.slice(0, 4)).toEqual(['restart', 'restart', 'rebuild', 'restart']);
});

test('attempts grow rarer', () => {
  const recovery = new LinkRecovery(role, 0);
  const times = actions(recovery, 0, 200_000).map((line) => Number(line.split(' ')[1]));
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  expect(gaps[0]).toBeLessThan(7_000);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(LINK_TIMES.longestWait + 100);
  expect(gaps.at(-1)).toBeGreaterThanOrEqual(LINK_TIMES.longestWait);
});

test('classic clients get no second connection', () => {
  const recovery = connected({ classic: true, polite: true });
  recovery.state('failed', 1_000);
  expect(actions(recovery, 1_000, 90_000).join()).not.toContain('rebuild');
});

test('an offer that nobody answers is made again, though the connection is up', () => {
  const recovery = connected();
  recovery.offered(1_000);
  expect(actions(recovery, 1_000, 8_000)).toEqual(['restart 5000']);
  recovery.offered(10_000);
  recovery.answered();
  expect(actions(recovery, 10_000, 20_000)).toEqual([]);
});

test('what could not be delivered is said again soon, and at once when the server is back', () => {
  const recovery = connected();
  recovery.undelivered(1_000);
  expect(actions(recovery, 1_000, 4_000)).toEqual(['restart 2500']);
  recovery.undelivered(5_000);
  recovery.wake(5_100);
  expect(recovery.take(5_100)).toBe('restart');
});
