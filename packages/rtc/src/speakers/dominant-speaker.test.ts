import { expect, test } from 'vitest';
import { DominantSpeaker } from './dominant-speaker.js';

/** Level of RFC 6464 at a time, or null: no packet. */
type Voice = (ms: number, random: () => number) => number | null;

const SILENT = 127;

function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Syllables of about 200 ms around `level`, with short dips between them and a pause for breath every 3 s. */
function speech(from: number, to: number, level = 28, noise = 75): Voice {
  return (ms, random) => {
    const t = ms - from;
    if (ms < from || ms >= to || t % 3000 >= 2700) return noise + Math.floor(random() * 3);
    return t % 220 >= 190 ? level + 14 : level + Math.floor(random() * 8);
  };
}

function room(voices: Record<number, Voice>, until: number, seed = 1, packetMs = 20): [number, number][] {
  const speakers = new DominantSpeaker();
  const random = seeded(seed);
  const changes: [number, number][] = [];
  for (let ms = 0; ms < until; ms += 10) {
    if (ms % packetMs === 0) {
      for (const [id, voice] of Object.entries(voices)) {
        const level = voice(ms, random);
        if (level !== null) speakers.level(Number(id), level, ms);
      }
    }
    if (ms % 300 === 0) {
      const changed = speakers.evaluate(ms);
      if (changed !== null) {
        expect(changed).toBe(speakers.dominant);
        changes.push([ms, changed]);
      }
    }
  }
  return changes;
}

test('silence is nobody', () => {
  expect(room({ 1: () => SILENT, 2: () => 100, 3: () => null }, 10_000)).toEqual([]);
});

test('steady noise is nobody once it is known for noise', () => {
  const hum: Voice = (_, random) => 55 + Math.floor(random() * 4);
  expect(room({ 1: hum, 2: () => SILENT }, 20_000)).toEqual([]);
});

test('who speaks first has the floor within 0.7 s', () => {
  const [[at, id], ...more] = room({ 1: () => 80, 2: speech(2000, 9000) }, 9000);
  expect(id).toBe(2);
  expect(at).toBeLessThanOrEqual(2700);
  expect(more).toEqual([]);
});

test('the floor stays through pauses for breath and a minute of silence after', () => {
  expect(room({ 1: speech(1000, 30_000), 2: () => 80 }, 90_000)).toHaveLength(1);
});

test('a cough does not take the floor, neither in speech nor in silence', () => {
  const cough =
    (at: number): Voice =>
    (ms) =>
      ms >= at && ms < at + 240 ? 5 : 90;
  for (let at = 4000; at < 9000; at += 70) {
    const changes = room({ 1: speech(500, 7000), 2: cough(at) }, 10_000);
    expect(changes.map(([, id]) => id)).toEqual([1]);
  }
});

test('alternating speakers each get the floor, within 1.3 s of beginning', () => {
  const turns: [number, number, number][] = [
    [1, 1000, 5000],
    [2, 5100, 9000],
    [3, 9100, 13_000],
    [1, 13_200, 17_000],
    [2, 17_100, 21_000],
  ];
  for (const seed of [1, 2, 3, 4]) {
    const voices: Record<number, Voice> = {};
    for (const id of [1, 2, 3]) {
      const own = turns.filter(([who]) => who === id).map(([, from, to]) => speech(from, to));
      voices[id] = (ms, random) => Math.min(...own.map((voice) => voice(ms, random)!));
    }
    const changes = room(voices, 21_000, seed);
    expect(changes.map(([, id]) => id)).toEqual(turns.map(([id]) => id));
    changes.forEach(([at], i) => {
      expect(at - turns[i][1]).toBeLessThanOrEqual(1300);
    });
  }
});

test('talking over the holder does not take the floor while the holder talks on', () => {
  const steady: Voice = (ms, random) => (ms < 1000 ? 80 : 28 + Math.floor(random() * 6));
  expect(room({ 1: steady, 2: speech(4000, 12_000) }, 12_000).map(([, id]) => id)).toEqual([1]);
});

test('a quiet microphone gets the floor as well', () => {
  const changes = room({ 1: speech(500, 5000, 20), 2: speech(6000, 12_000, 48, 90) }, 12_000);
  expect(changes.map(([, id]) => id)).toEqual([1, 2]);
});

test('packets of 10, 40 and 60 ms do as well as those of 20', () => {
  for (const packetMs of [10, 40, 60]) {
    const changes = room({ 1: speech(1000, 5000), 2: speech(5100, 9000) }, 9000, 1, packetMs);
    expect(changes.map(([, id]) => id)).toEqual([1, 2]);
  }
});

test('a speaker whose packets stop (discontinuous transmission) is silent', () => {
  const talker: Voice = (ms) => (ms >= 1000 && ms < 4000 ? 30 : null);
  const changes = room({ 1: talker, 2: speech(4500, 9000) }, 9000);
  expect(changes.map(([, id]) => id)).toEqual([1, 2]);
});

test('lost and late packets change nothing', () => {
  const lossy =
    (voice: Voice): Voice =>
    (ms, random) =>
      random() < 0.1 ? null : voice(ms, random);
  const changes = room({ 1: lossy(speech(1000, 5000)), 2: lossy(speech(5100, 9000)) }, 9000, 3);
  expect(changes.map(([, id]) => id)).toEqual([1, 2]);
});

test('when the holder leaves the floor is free', () => {
  const speakers = new DominantSpeaker();
  for (let ms = 0; ms < 1000; ms += 20) speakers.level(7, 30, ms);
  expect(speakers.evaluate(1000)).toBe(7);
  expect(speakers.evaluate(1000)).toBe(null);
  speakers.remove(7);
  expect(speakers.dominant).toBe(null);
  expect(speakers.evaluate(1300)).toBe(null);
  speakers.remove(7);
});

test('the loudest are ranked by how loud they are, and silent ones are left out', () => {
  const speakers = new DominantSpeaker();
  for (let ms = 0; ms < 1000; ms += 20) {
    speakers.level(1, 45, ms);
    speakers.level(2, 25, ms);
    speakers.level(3, 127, ms);
    speakers.level(4, 35, ms);
  }
  speakers.evaluate(1000);
  expect(speakers.loudest(3)).toEqual([2, 4, 1]);
  expect(speakers.loudest(2)).toEqual([2, 4]);
  expect(speakers.loudest(0)).toEqual([]);
  expect(speakers.loudest(10)).toEqual([2, 4, 1]);
});

test('a new voice is among the loudest at once, a silent one leaves after some seconds at most', () => {
  const speakers = new DominantSpeaker();
  for (let ms = 0; ms < 2000; ms += 20) speakers.level(1, 30, ms);
  for (let ms = 2000; ms < 2060; ms += 20) speakers.level(2, 30, ms);
  speakers.evaluate(2060);
  expect(speakers.loudest(3)).toEqual([1, 2]);
  for (let ms = 2060; ms < 6000; ms += 20) speakers.level(1, 127, ms);
  speakers.evaluate(6000);
  expect(speakers.loudest(3)).toEqual([]);
});

test('a thousand listeners cost nothing to speak of', () => {
  const speakers = new DominantSpeaker();
  for (let ms = 0; ms < 1000; ms += 20) for (let id = 0; id < 1000; id++) speakers.level(id, id === 77 ? 30 : 127, ms);
  expect(speakers.evaluate(1000)).toBe(77);
  expect(speakers.loudest(3)).toEqual([77]);
});
