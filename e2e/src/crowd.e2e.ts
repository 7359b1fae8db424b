import { expect, test } from 'vitest';
import type { Participant } from './harness/participant.js';
import { robots } from './harness/robots.js';
import { useStage } from './harness/stage.js';

/**
 * What is promised of a machine that does nothing else; robots, browsers and the server share this one. `EFIR_TIMED=1` holds
 * the test to it.
 */
const limits = process.env.EFIR_TIMED
  ? { firstMediaMs: 5_000, framesPerSecond: 10, duration: '12s' }
  : { firstMediaMs: 20_000, framesPerSecond: 3, duration: '25s' };

const stage = useStage({ workers: 1 });

const received = async (person: Participant) => {
  const { at, inbound } = await person.stats();
  const video = inbound.find((stream) => stream.kind === 'video' && stream.frames > 0);
  return { at, frames: video?.frames ?? 0, lost: video?.lost ?? 0 };
};

test('200 subscribers who join at once all have media, and a running call on the same worker goes on', async () => {
  const quiet = stage.room();
  const small = { query: { quality: 'h180', fps: '15' } };
  const people = [await stage.join(quiet, 'Ann', small), await stage.join(quiet, 'Bob', small)];
  for (const person of people) await person.sees(1);

  const before = await Promise.all(people.map(received));
  const { code, report } = await robots(stage, stage.room(), [
    ...['--publishers', '1', '--layers', '1', '--subscribers', '200', '--rate', '0', '--duration', limits.duration],
  ]);
  const after = await Promise.all(people.map(received));

  expect(code, JSON.stringify(report)).toBe(0);
  expect(report).toMatchObject({ joined: 201, receivedMedia: 200, restarts: 0 });
  expect(report.firstMediaMaxMs).toBeLessThan(limits.firstMediaMs);
  after.forEach((now, i) => {
    expect(now.lost).toBe(before[i].lost);
    expect(((now.frames - before[i].frames) * 1000) / (now.at - before[i].at)).toBeGreaterThan(limits.framesPerSecond);
  });
});
