import { expect, test, vi } from 'vitest';
import { Playback } from './playback.js';

const element = (play: () => Promise<void>) => ({ play }) as HTMLMediaElement;
const refused = () => Promise.reject(new DOMException('', 'NotAllowedError'));

test('sound that the browser refuses waits for a touch', async () => {
  const playback = new Playback();
  const told = vi.fn();
  playback.subscribe(told);
  const play = vi.fn<() => Promise<void>>().mockImplementationOnce(refused).mockResolvedValue();
  playback.play(element(play));
  await vi.waitFor(() => expect(playback.blocked).toBe(true));
  playback.start();
  await vi.waitFor(() => expect(playback.blocked).toBe(false));
  expect(play).toHaveBeenCalledTimes(2);
  expect(told).toHaveBeenCalledTimes(2);
});

test('an element that goes away no longer waits', async () => {
  const playback = new Playback();
  const gone = element(refused);
  playback.play(gone);
  await vi.waitFor(() => expect(playback.blocked).toBe(true));
  playback.settled(gone);
  expect(playback.blocked).toBe(false);
});

test('a source that was replaced while starting is no refusal', async () => {
  const playback = new Playback();
  playback.play(element(() => Promise.reject(new DOMException('', 'AbortError'))));
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(playback.blocked).toBe(false);
});
