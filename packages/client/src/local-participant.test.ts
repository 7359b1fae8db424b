import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LocalParticipant } from './local-participant.js';
import { VIDEO_PRESETS } from './options.js';
import { type FakeMedia, fakeMedia } from './testing/fake-media.js';

const stream = (...tracks: FakeMedia[]) => ({
  getVideoTracks: () => tracks.filter(({ kind }) => kind === 'video'),
  getAudioTracks: () => tracks.filter(({ kind }) => kind === 'audio'),
});
const getUserMedia = vi.fn(async ({ video }: MediaStreamConstraints) => stream(fakeMedia(video ? 'video' : 'audio')));
const getDisplayMedia = vi.fn(async () => stream(fakeMedia('video'), fakeMedia('audio')));
const uplink = { send: vi.fn(async () => {}), stop: vi.fn(async () => {}), mute: vi.fn(async () => {}) };
const ended = vi.fn();
let local: LocalParticipant;
const mediaOf = (source: 'camera' | 'screen') => local.track(source)?.media as MediaStreamTrack & FakeMedia;

beforeEach(() => {
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia, getDisplayMedia } });
  local = new LocalParticipant('Me', VIDEO_PRESETS.h360, ended);
  local.attach(uplink);
});
afterEach(() => {
  vi.clearAllMocks();
  vi.unstubAllGlobals();
});

test('muting the microphone keeps the device and tells the server', async () => {
  await local.setMicrophone(true);
  const media = local.track('microphone')?.media;
  await local.setMicrophone(false);
  expect(media).toMatchObject({ enabled: false, readyState: 'live' });
  expect(uplink.mute).toHaveBeenCalledWith('microphone', true);
  await local.setMicrophone(true);
  expect(media?.enabled).toBe(true);
  expect(getUserMedia).toHaveBeenCalledOnce();
});

test('turning the camera off releases the device, turning it on asks for it again', async () => {
  await local.setCamera(true);
  const media = local.track('camera')?.media;
  await local.setCamera(false);
  expect(media?.readyState).toBe('ended');
  expect(uplink.send).toHaveBeenLastCalledWith('camera', null, true);
  await local.setCamera(true);
  expect(local.isOn('camera')).toBe(true);
  expect(getUserMedia).toHaveBeenCalledTimes(2);
});

test('quick presses of the camera button end as the last one says', async () => {
  await Promise.all([local.setCamera(true), local.setCamera(false), local.setCamera(true), local.setCamera(false)]);
  expect(local.isOn('camera')).toBe(false);
  expect(local.track('camera')?.media).toBeNull();
});

test('another device replaces the first on the same track, muted or not', async () => {
  await local.setMicrophone(true);
  await local.setMicrophone(false);
  const track = local.track('microphone');
  await local.switchDevice('microphone', 'headset');
  expect(getUserMedia).toHaveBeenLastCalledWith({ audio: expect.objectContaining({ deviceId: { exact: 'headset' } }) });
  expect(local.track('microphone')).toBe(track);
  expect(track).toMatchObject({ muted: true, media: expect.objectContaining({ enabled: false }) });
});

test('a camera that cannot be started leaves the camera off', async () => {
  await local.setCamera(true);
  getUserMedia.mockRejectedValueOnce(new DOMException('', 'NotReadableError'));
  await expect(local.switchDevice('camera', 'other')).rejects.toMatchObject({ code: 'device-busy' });
  expect(local.track('camera')).toMatchObject({ muted: true, media: null });
  expect(uplink.send).toHaveBeenLastCalledWith('camera', null, true);
});

test('the browser’s own "stop sharing" ends picture and sound of the share', async () => {
  await local.startScreenShare();
  expect(local.tracks.map(({ source }) => source)).toEqual(['screen', 'screen-audio']);
  mediaOf('screen').lose();
  await vi.waitFor(() => expect(local.tracks).toEqual([]));
  expect(uplink.stop.mock.calls.flat()).toEqual(['screen-audio', 'screen']);
  expect(ended).toHaveBeenCalledWith('screen', 'stopped-by-browser');
});

test('an unplugged camera is off, and said to be lost', async () => {
  await local.setCamera(true);
  mediaOf('camera').lose();
  await vi.waitFor(() => expect(local.isOn('camera')).toBe(false));
  expect(uplink.send).toHaveBeenLastCalledWith('camera', null, true);
  expect(ended).toHaveBeenCalledWith('camera', 'device-lost');
});

test.each([
  ['NotAllowedError', 'permission-denied'],
  ['NotFoundError', 'no-device'],
  ['NotReadableError', 'device-busy'],
])('%s is told as %s', async (name, code) => {
  getUserMedia.mockRejectedValueOnce(new DOMException('', name));
  await expect(local.setCamera(true)).rejects.toMatchObject({ name: 'EfirError', code, source: 'camera' });
  expect(local.track('camera')).toBeUndefined();
});

test('closing the picker of screens is no failure of the device', async () => {
  getDisplayMedia.mockRejectedValueOnce(new DOMException('', 'NotAllowedError'));
  await expect(local.startScreenShare()).rejects.toMatchObject({ code: 'cancelled' });
});

test('an insecure page has no devices, and the error says why', async () => {
  vi.stubGlobal('isSecureContext', false);
  await expect(local.setCamera(true)).rejects.toMatchObject({ code: 'not-secure' });
});
