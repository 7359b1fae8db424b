import { expect } from 'vitest';
import type { Participant } from './participant.js';
import type { Reading, StreamReading } from './probe.js';

/** Pictures a second that a call has to have while something goes on beside it; the fake camera gives 20. */
const PICTURES_PER_SECOND = 8;
/** Below this, counting pictures says nothing. */
const SHORTEST_MS = 2000;

const connected = ({ peers }: Reading) => peers.filter(({ connection }) => connection === 'connected');

const playing = ({ inbound }: Reading): StreamReading[] =>
  inbound.filter((stream) => stream.kind === 'video' && stream.frames > 0);

/** Does the work; the call of these people goes on meanwhile, on the same connections. */
export async function undisturbed<T>(people: readonly Participant[], work: () => Promise<T>): Promise<T> {
  const before = await Promise.all(people.map((person) => person.stats()));
  const rest = new Promise((resolve) => setTimeout(resolve, SHORTEST_MS));
  const result = await work();
  await rest;
  for (const [i, person] of people.entries()) {
    const now = await person.stats();
    expect(connected(now), `connections of ${person.name}`).toEqual(connected(before[i]));
    for (const then of playing(before[i])) {
      const stream = now.inbound.find(({ peer, mid }) => peer === then.peer && mid === then.mid);
      const rate = ((stream?.frames ?? 0) - then.frames) / ((now.at - before[i].at) / 1000);
      expect(rate, `pictures a second that ${person.name} gets`).toBeGreaterThan(PICTURES_PER_SECOND);
    }
  }
  return result;
}
