import { expect, test } from 'vitest';
import { Migration } from './migration.js';

const start = (members: string[], now = 0): Migration =>
  new Migration({ epoch: 1, from: 'mesh', to: 'sfu', reason: 'participants', timeoutMs: 8000 }, members, now);

test('it is done when everybody is ready, and no sooner', () => {
  const migration = start(['ann', 'bob']);
  expect(migration.outcome(0)).toEqual({ type: 'wait', untilMs: 8000 });
  migration.report('ann', true);
  migration.report('ann', true);
  expect(migration.outcome(10).type).toBe('wait');
  migration.report('bob', true);
  expect(migration.outcome(20)).toEqual({ type: 'commit' });
});

test('one who cannot ends it, also one who could before', () => {
  const migration = start(['ann', 'bob']);
  migration.report('bob', true);
  migration.report('bob', false);
  expect(migration.outcome(10)).toEqual({ type: 'abort', reason: 'client-failed', participant: 'bob' });
});

test('who is not ready in time ends it and is named', () => {
  const migration = start(['ann', 'bob']);
  migration.report('ann', true);
  expect(migration.outcome(7999).type).toBe('wait');
  expect(migration.outcome(8000)).toEqual({ type: 'abort', reason: 'timeout', participant: 'bob' });
});

test('a stranger’s report is nothing', () => {
  const migration = start(['ann']);
  migration.report('eve', false);
  migration.report('eve', true);
  expect(migration.outcome(0).type).toBe('wait');
});

test('who leaves is not waited for', () => {
  const migration = start(['ann', 'bob']);
  migration.report('ann', true);
  migration.setMembers(new Set(['ann']), 100);
  expect(migration.outcome(100)).toEqual({ type: 'commit' });
});

test('who fails and leaves takes the failure along', () => {
  const migration = start(['ann', 'bob']);
  migration.report('bob', false);
  migration.setMembers(new Set(['ann']), 100);
  expect(migration.outcome(100).type).toBe('wait');
});

test('who comes is waited for, with a time of their own', () => {
  const migration = start(['ann']);
  migration.setMembers(new Set(['ann', 'bob']), 5000);
  migration.report('ann', true);
  expect(migration.outcome(9000)).toEqual({ type: 'wait', untilMs: 13_000 });
  migration.report('bob', true);
  expect(migration.outcome(9000).type).toBe('commit');
});

test('however many come, it ends', () => {
  const migration = start(['ann']);
  const members = new Set(['ann']);
  migration.report('ann', true);
  for (let now = 1000; now < 16_000; now += 1000) {
    members.add(`p${now}`);
    migration.setMembers(members, now);
    migration.report(`p${now - 1000}`, true);
    expect(migration.outcome(now).type).toBe('wait');
  }
  expect(migration.outcome(16_000)).toMatchObject({ type: 'abort', reason: 'timeout' });
});

test('a page that is another one has to say it again', () => {
  const migration = start(['ann']);
  migration.report('ann', true);
  migration.renewed('ann', 100);
  expect(migration.outcome(100)).toEqual({ type: 'wait', untilMs: 8100 });
  migration.renewed('eve', 100);
  migration.report('ann', true);
  expect(migration.outcome(200).type).toBe('commit');
});
