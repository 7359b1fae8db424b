import type { ViewRequest } from '@efir/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isShown, pageSections, type Tile } from './view.js';
import { viewRequest } from './view-request.js';
import { ViewSender } from './view-sender.js';

const tile = (participant: string, height = 180): Tile => ({
  show: { participant, source: 'camera' },
  width: (height * 16) / 9,
  height,
});
const shown = { tiles: [tile('ann', 720)], audioOnly: false, maxBps: null, hidden: false, overload: 0 };

const send = vi.fn<(view: ViewRequest) => Promise<void>>();
beforeEach(() => {
  vi.useFakeTimers();
  send.mockReset().mockResolvedValue();
});
afterEach(() => vi.useRealTimers());

test('tracks are named in a way that holds over every topology', () => {
  expect(viewRequest(shown).tiles[0]).toEqual({
    show: { track: 'ann/camera' },
    role: 'thumbnail',
    width: 1280,
    height: 720,
  });
});

test('a tab that is hidden asks for sound only', () => {
  expect(viewRequest({ ...shown, hidden: true }).audioOnly).toBe(true);
});

test('a machine that is too slow asks for smaller pictures, and then for fewer', () => {
  const tiles = Array.from({ length: 9 }, (_, n) => tile(`p${n}`, 720));
  const heights = (overload: number) => viewRequest({ ...shown, tiles, overload }).tiles.map(({ height }) => height);
  expect(heights(1)).toEqual(Array(9).fill(360));
  expect(heights(2)).toEqual([180, 180, 180, 180, 0, 0, 0, 0, 0]);
});

test('many changes are told together, and what did not change is not told', () => {
  const sender = new ViewSender(send);
  for (const name of ['ann', 'bob', 'cleo']) sender.setTiles([tile(name)]);
  vi.advanceTimersByTime(0);
  expect(send).toHaveBeenCalledOnce();
  sender.setTiles([tile('cleo')]);
  vi.advanceTimersByTime(500);
  expect(send).toHaveBeenCalledOnce();
  for (let i = 0; i < 100; i++) {
    sender.setTiles([tile('dan', 100 + i)]);
    vi.advanceTimersByTime(10);
  }
  expect(send.mock.calls.length).toBeLessThanOrEqual(11);
  sender.close();
});

test('nothing is told before there is a view, so that everybody is received', () => {
  const sender = new ViewSender(send);
  sender.setReception({ maxBps: 300_000 });
  sender.entered(false);
  vi.advanceTimersByTime(500);
  expect(send).not.toHaveBeenCalled();
  sender.setTiles([]);
  vi.advanceTimersByTime(500);
  expect(send).toHaveBeenCalledExactlyOnceWith({ tiles: [], audioOnly: false, maxBps: 300_000 });
  sender.close();
});

test('who comes in as somebody new tells the view again; what was lost is told on the next connection', async () => {
  const sender = new ViewSender(send);
  sender.setTiles([tile('ann')]);
  await vi.advanceTimersByTimeAsync(500);
  sender.entered(true);
  await vi.advanceTimersByTimeAsync(500);
  expect(send).toHaveBeenCalledTimes(1);
  sender.entered(false);
  await vi.advanceTimersByTimeAsync(500);
  expect(send).toHaveBeenCalledTimes(2);
  send.mockRejectedValueOnce(new Error('no connection'));
  sender.setTiles([tile('bob')]);
  await vi.advanceTimersByTimeAsync(500);
  sender.entered(true);
  await vi.advanceTimersByTimeAsync(500);
  expect(send).toHaveBeenCalledTimes(4);
  sender.close();
});

test('a room of any size is received in the sections of a page', () => {
  expect(pageSections(9, { audio: 99 })).toEqual({ audio: 3, video: 10 });
  expect(pageSections(9, { audio: 5 })).toEqual({ audio: 5, video: 10 });
  expect(pageSections(10_000, { audio: 0 })).toEqual({ audio: 3, video: 26 });
});

test('a tile out of sight is not waited for', () => {
  expect(isShown([tile('ann')], 'ann', 'camera')).toBe(true);
  expect(isShown([{ ...tile('ann'), width: 0 }], 'ann', 'camera')).toBe(false);
  expect(isShown([tile('ann')], 'ann', 'screen')).toBe(false);
});
