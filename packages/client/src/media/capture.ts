import type { TrackSource } from '@efir/protocol';
import { EfirError, mediaError } from '../errors.js';
import { SCREEN_QUALITY, type VideoQuality } from '../options.js';

type DeviceSource = 'microphone' | 'camera';

/** Browsers hide `mediaDevices` from pages that came over plain HTTP from another machine. */
function mediaDevices(source: TrackSource): MediaDevices {
  if (globalThis.isSecureContext === false) {
    throw new EfirError('not-secure', `The ${source} needs HTTPS (or localhost)`, { source });
  }
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new EfirError('unsupported-browser', 'This browser has no access to cameras and microphones', { source });
  }
  return navigator.mediaDevices;
}

export function microphoneConstraints(deviceId?: string): MediaTrackConstraints {
  return {
    ...(deviceId ? { deviceId: { exact: deviceId } } : {}),
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
  };
}

export function cameraConstraints(quality: VideoQuality, deviceId?: string): MediaTrackConstraints {
  return {
    ...(deviceId ? { deviceId: { exact: deviceId } } : { facingMode: 'user' }),
    width: { ideal: quality.width },
    height: { ideal: quality.height },
    frameRate: { ideal: quality.frameRate, max: quality.frameRate },
  };
}

async function getTrack(source: DeviceSource, constraints: MediaTrackConstraints): Promise<MediaStreamTrack> {
  const devices = mediaDevices(source);
  try {
    const stream = await devices.getUserMedia(source === 'camera' ? { video: constraints } : { audio: constraints });
    return only(stream, source);
  } catch (error) {
    throw mediaError(error, source);
  }
}

function only(stream: MediaStream, source: DeviceSource): MediaStreamTrack {
  const track = (source === 'camera' ? stream.getVideoTracks() : stream.getAudioTracks())[0];
  if (!track) throw new EfirError('no-device', `The browser gave no ${source}`, { source });
  return track;
}

/** A device that is gone (its id is remembered from last time) gives way to the default one. */
async function orDefault(
  deviceId: string | undefined,
  get: (deviceId?: string) => Promise<MediaStreamTrack>,
): Promise<MediaStreamTrack> {
  try {
    return await get(deviceId);
  } catch (error) {
    if (deviceId && error instanceof EfirError && error.code === 'no-device') return get();
    throw error;
  }
}

/** Throws `EfirError`: `no-device`, `permission-denied`, `device-busy`, `not-secure`, `unsupported-browser`. */
export const captureMicrophone = (deviceId?: string): Promise<MediaStreamTrack> =>
  orDefault(deviceId, (id) => getTrack('microphone', microphoneConstraints(id)));

/** Throws as `captureMicrophone` does. */
export const captureCamera = (quality: VideoQuality, deviceId?: string): Promise<MediaStreamTrack> =>
  orDefault(deviceId, (id) => getTrack('camera', cameraConstraints(quality, id)));

export interface CaptureRequest {
  microphone?: { deviceId?: string } | false;
  camera?: { deviceId?: string; quality: VideoQuality } | false;
}

export interface Captured {
  microphone?: MediaStreamTrack;
  camera?: MediaStreamTrack;
  errors: Partial<Record<DeviceSource, EfirError>>;
}

/** Both at once where possible (one question to the person), else each by itself. Never rejects: see `errors`. */
export async function captureDevices(request: CaptureRequest): Promise<Captured> {
  const { microphone, camera } = request;
  if (microphone && camera) {
    try {
      const stream = await mediaDevices('camera').getUserMedia({
        audio: microphoneConstraints(microphone.deviceId),
        video: cameraConstraints(camera.quality, camera.deviceId),
      });
      return { microphone: only(stream, 'microphone'), camera: only(stream, 'camera'), errors: {} };
    } catch {
      // One of the two is missing, denied or busy: ask for each, and learn which.
    }
  }
  const captured: Captured = { errors: {} };
  if (microphone) {
    try {
      captured.microphone = await captureMicrophone(microphone.deviceId);
    } catch (error) {
      captured.errors.microphone = mediaError(error, 'microphone');
    }
  }
  if (camera) {
    try {
      captured.camera = await captureCamera(camera.quality, camera.deviceId);
    } catch (error) {
      captured.errors.camera = mediaError(error, 'camera');
    }
  }
  return captured;
}

export const canShareScreen = (): boolean =>
  typeof navigator !== 'undefined' && typeof navigator.mediaDevices?.getDisplayMedia === 'function';

/** Throws `EfirError`; `cancelled` when the person closed the picker. */
export async function captureScreen(): Promise<{ video: MediaStreamTrack; audio?: MediaStreamTrack }> {
  const devices = mediaDevices('screen');
  if (!canShareScreen()) {
    throw new EfirError('unsupported-browser', 'This browser cannot share the screen', { source: 'screen' });
  }
  try {
    const stream = await devices.getDisplayMedia({
      video: { frameRate: { ideal: SCREEN_QUALITY.frameRate, max: 30 } },
      audio: true,
    });
    const [video] = stream.getVideoTracks();
    const [audio] = stream.getAudioTracks();
    if (!video) throw new EfirError('no-device', 'The browser gave no picture of the screen', { source: 'screen' });
    // Sharp text over smooth motion.
    if ('contentHint' in video) video.contentHint = 'detail';
    return audio ? { video, audio } : { video };
  } catch (error) {
    const mapped = mediaError(error, 'screen');
    if (mapped.code === 'permission-denied') {
      throw new EfirError('cancelled', 'Nothing was chosen to share', { source: 'screen', cause: error });
    }
    throw mapped;
  }
}
