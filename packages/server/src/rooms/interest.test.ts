import { expect, test } from 'vitest';
import { Interest, type Interested } from './interest.js';

const showing = (publishers: string[], hearing: Interested['hearing'] = null): Interested => ({
  publishers: new Set(publishers),
  hearing,
});
const camera = (publisher: string) => ({ publisher, microphones: false, screenSounds: false });
const microphone = (publisher: string) => ({ publisher, microphones: true, screenSounds: false });
const screenSound = (publisher: string) => ({ publisher, microphones: false, screenSounds: true });

test('a camera concerns those who show it and those who receive everybody', () => {
  const interest = new Interest<string>();
  interest.set('a', showing(['ann', 'bob']));
  interest.set('b', showing(['bob']));
  interest.set('c', { publishers: null, hearing: null });
  expect(new Set(interest.concernedBy(camera('ann'), 9))).toEqual(new Set(['a', 'c']));
  expect(new Set(interest.concernedBy(camera('dan'), 9))).toEqual(new Set(['c']));
});

test('a microphone concerns those who hear each by itself, and those who would from now on', () => {
  const interest = new Interest<string>();
  interest.set('direct', showing([], { direct: true, directUpTo: 4 }));
  interest.set('loudest of 3', showing([], { direct: false, directUpTo: 4 }));
  interest.set('loudest of 8', showing([], { direct: false, directUpTo: 9 }));
  interest.set('deaf', showing([]));
  expect([...interest.concernedBy(microphone('ann'), 100)]).toEqual(['direct']);
  expect([...interest.concernedBy(microphone('ann'), 9)]).toEqual(['direct', 'loudest of 8']);
  expect([...interest.concernedBy(microphone('ann'), 4)]).toHaveLength(3);
});

test("a shared screen's sound concerns everybody who hears", () => {
  const interest = new Interest<string>();
  interest.set('a', showing([], { direct: false, directUpTo: 4 }));
  interest.set('deaf', showing([]));
  expect([...interest.concernedBy(screenSound('ann'), 100)]).toEqual(['a']);
});

test('a new interest takes the place of the one before, and a forgotten subscriber has none', () => {
  const interest = new Interest<string>();
  interest.set('a', { publishers: null, hearing: null });
  interest.set('a', showing(['ann'], { direct: false, directUpTo: 4 }));
  expect([...interest.concernedBy(camera('bob'), 1)]).toEqual([]);
  interest.set('a', showing(['bob'], { direct: true, directUpTo: 4 }));
  expect([...interest.concernedBy(camera('ann'), 1)]).toEqual([]);
  interest.forget('a');
  expect([...interest.concernedBy(microphone('bob'), 1)]).toEqual([]);
});
