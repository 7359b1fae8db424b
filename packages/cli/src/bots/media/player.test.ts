import { expect, test } from 'vitest';
import type { AudioClip, VideoLayer } from './clips.js';
import { Beat, LayerPlayer, VoicePlayer, videoTimestamp } from './player.js';

const layer: VideoLayer = {
  height: 180,
  frames: Array.from({ length: 6 }, (_, i) => ({ payloads: [Uint8Array.of(i)], keyFrame: i % 3 === 0, temporal: 0 })),
};
const voice: AudioClip = { packets: [Uint8Array.of(1, 9), Uint8Array.of(2, 9)], levels: Uint8Array.of(30, 100) };

function moments(beat: Beat, now: number): number[] {
  const due: number[] = [];
  for (let moment = beat.due(now); moment >= 0; moment = beat.due(now)) due.push(moment);
  return due;
}
const next = (player: LayerPlayer, count: number) => Array.from({ length: count }, () => player.next().payloads[0][0]);

test('moments come at their rate, and after a long pause there is no burst', () => {
  const beat = new Beat(100, 1000);
  expect([moments(beat, 999), moments(beat, 1000), moments(beat, 1050)]).toEqual([[], [0], []]);
  expect(moments(beat, 1200)).toEqual([1, 2]);
  expect(moments(beat, 60_000).length).toBeLessThanOrEqual(2);
  expect(videoTimestamp(2, 15)).toBe(12_000);
});

test('frames go round and round, from a key frame on', () => {
  expect(next(new LayerPlayer(layer), 8)).toEqual([0, 1, 2, 3, 4, 5, 0, 1]);
  expect([next(new LayerPlayer(layer, 1), 1), next(new LayerPlayer(layer, 4), 1)]).toEqual([[3], [0]]);
});

test('a key frame asked for comes next, and so it does when a layer is switched on again', () => {
  const player = new LayerPlayer(layer);
  next(player, 1);
  player.skipToKeyFrame();
  expect(next(player, 2)).toEqual([3, 4]);
  player.switch(true);
  expect(next(player, 1)).toEqual([5]);
  next(player, 1);
  player.switch(false);
  expect(player.on).toBe(false);
  player.switch(true);
  expect(next(player, 1)).toEqual([3]);
});

test('voice comes every 20 ms with its level', () => {
  const player = new VoicePlayer(voice, 0, 1);
  expect(player.due(0)).toMatchObject({ packet: voice.packets[1], level: 100, timestamp: 0 });
  expect(player.due(19)).toBeNull();
  expect(player.due(20)).toMatchObject({ packet: voice.packets[0], level: 30, timestamp: 960, begins: false });
});

test('silence is a packet of one byte now and then, and speech begins with a mark at the start of the clip', () => {
  const player = new VoicePlayer(voice, 0);
  player.due(0);
  const silent = [];
  for (let now = 20; now <= 820; now += 20) {
    const due = player.due(now, false);
    if (due) silent.push([due.timestamp / 960, due.level, ...due.packet]);
  }
  expect(silent).toEqual([
    [1, 127, 1],
    [21, 127, 1],
    [41, 127, 1],
  ]);
  expect(player.due(840)).toMatchObject({ packet: voice.packets[0], timestamp: 42 * 960, begins: true });
});
