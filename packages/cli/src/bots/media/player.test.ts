import { expect, test } from 'vitest';
import type { AudioClip, VideoClip } from './clips.js';
import { VideoPlayer, VoicePlayer } from './player.js';

const clip: VideoClip = {
  frames: Array.from({ length: 6 }, (_, i) => Uint8Array.of(i)),
  keyFrame: [true, false, false, true, false, false],
  framesPerSecond: 10,
};
const voice: AudioClip = { packets: [Uint8Array.of(1), Uint8Array.of(2)], levels: Uint8Array.of(30, 127) };

function frames(player: VideoPlayer, now: number): number[] {
  const shown: number[] = [];
  for (let due = player.due(now); due; due = player.due(now)) shown.push(due.frame[0]);
  return shown;
}

test('frames come at their rate, round and round', () => {
  const player = new VideoPlayer(clip, 1000);
  expect([frames(player, 999), frames(player, 1000), frames(player, 1050)]).toEqual([[], [0], []]);
  expect([frames(player, 1200), frames(player, 1600)]).toEqual([
    [1, 2],
    [3, 4, 5, 0],
  ]);
});

test('a key frame asked for comes next, and timestamps rise evenly all the same', () => {
  const player = new VideoPlayer(clip, 0);
  const first = player.due(0)!;
  player.skipToKeyFrame();
  const second = player.due(100)!;
  expect([second.frame[0], second.keyFrame]).toEqual([3, true]);
  expect(second.timestamp - first.timestamp).toBe(9000);
});

test('playing begins at a key frame', () => {
  expect(new VideoPlayer(clip, 0, 1).due(0)!.frame[0]).toBe(3);
  expect(new VideoPlayer(clip, 0, 4).due(0)!.frame[0]).toBe(0);
});

test('after a long pause there is no burst', () => {
  const player = new VideoPlayer(clip, 0);
  frames(player, 0);
  expect(frames(player, 60_000).length).toBeLessThanOrEqual(2);
  const audio = new VoicePlayer(voice, 0);
  audio.due(0);
  let caughtUp = 0;
  while (audio.due(60_000)) caughtUp++;
  expect(caughtUp).toBeLessThanOrEqual(2);
});

test('voice comes every 20 ms with its level', () => {
  const player = new VoicePlayer(voice, 0, 1);
  expect(player.due(0)).toEqual({ packet: voice.packets[1], level: 127, timestamp: 0 });
  expect(player.due(19)).toBeNull();
  expect(player.due(20)).toEqual({ packet: voice.packets[0], level: 30, timestamp: 960 });
});
