import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadClips } from './clips.js';
import { MediaFileError } from './errors.js';
import { readIvf } from './ivf.js';
import { readOggOpus } from './ogg-opus.js';

const fixture = (name: string) => readFileSync(new URL(`../../../fixtures/${name}`, import.meta.url));

test('an IVF file gives its frames, size and rate', () => {
  const clip = readIvf(fixture('clip-a-180.ivf'));
  expect([clip.codec, clip.width, clip.height, clip.framesPerSecond, clip.frames.length]).toEqual([
    'VP80',
    320,
    180,
    15,
    48,
  ]);
});

test('an Ogg file gives its Opus packets, also those that cross a page', () => {
  const page = (segments: number[], body: number[]) => [
    ...Buffer.from('OggS'),
    ...new Array(22).fill(0),
    segments.length,
    ...segments,
    ...body,
  ];
  const head = [...Buffer.from('OpusHead'), 1, 1, 0x38, 1, ...new Array(7).fill(0)];
  const file = Uint8Array.from([
    ...page([head.length], head),
    ...page([8, 3, 255], [...Buffer.from('OpusTags'), 1, 2, 3, ...new Array(255).fill(7)]),
    ...page([2], [8, 9]),
  ]);
  const clip = readOggOpus(file);
  expect([clip.channels, clip.preSkip, clip.packets.map((packet) => packet.length)]).toEqual([1, 312, [3, 257]]);
  expect([...clip.packets[1].subarray(254)]).toEqual([7, 8, 9]);
});

test('files that are cut off or something else are named as such', () => {
  const ivf = fixture('clip-a-180.ivf');
  const ogg = fixture('speech-a.ogg');
  expect(() => readIvf(ivf.subarray(0, 20))).toThrow(MediaFileError);
  expect(() => readIvf(ivf.subarray(0, 500))).toThrow('ends within a frame');
  expect(() => readIvf(ogg)).toThrow('not an IVF file');
  expect(() => readOggOpus(ivf)).toThrow('not an Ogg page');
  expect(() => readOggOpus(ogg.subarray(0, 1000))).toThrow(MediaFileError);
});

test('the clips of the package loop without a break: key frames at the same places in each size, a level for each packet', async () => {
  const { videos, voices } = await loadClips();
  expect(videos.length).toBe(2);
  for (const { layers, framesPerSecond } of videos) {
    expect(layers.map(({ height }) => height)).toEqual([180, 360, 720]);
    expect(framesPerSecond).toBe(15);
    for (const { frames } of layers) {
      expect(frames.flatMap(({ keyFrame }, i) => (keyFrame ? [i] : []))).toEqual([0, 12, 24, 36]);
      expect(frames.length).toBe(48);
      expect(frames.every(({ keyFrame, temporal }) => !keyFrame || temporal === 0)).toBe(true);
    }
  }
  for (const voice of voices) {
    expect(voice.packets.length).toBeGreaterThan(290);
    expect(Math.min(...voice.levels)).toBeLessThan(20);
    // Opus TOC: 20 ms frames, one frame a packet (RFC 6716 section 3.1).
    expect(voice.packets.every((packet) => (packet[0] & 3) === 0)).toBe(true);
  }
});
