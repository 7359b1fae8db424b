import {
  captureCamera,
  captureDevices,
  captureMicrophone,
  type EfirError,
  mediaError,
  type VideoQuality,
} from '@efir/client';
import { useCallback, useEffect, useRef, useState } from 'react';
import { remember, remembered } from '../preferences/storage.js';

export type DeviceKind = 'microphone' | 'camera';

export interface PreviewDevice {
  /** Wanted by the person; the device may still be missing. */
  on: boolean;
  media: MediaStreamTrack | null;
  error: EfirError | null;
}

export interface Preview {
  microphone: PreviewDevice;
  camera: PreviewDevice;
  /** The browser is being asked. */
  asking: boolean;
  toggle(kind: DeviceKind): void;
  choose(kind: DeviceKind, deviceId: string): void;
  retry(): void;
  /** Hands the tracks over; they aren't stopped when the preview goes. */
  take(): Partial<Record<DeviceKind, MediaStreamTrack>>;
}

const NONE: PreviewDevice = { on: true, media: null, error: null };

/** Camera and microphone as they will be in the call. Asks for both as soon as it is there. */
export function usePreview(quality: VideoQuality): Preview {
  const [devices, setDevices] = useState({ microphone: NONE, camera: NONE });
  const [asking, setAsking] = useState(true);
  const held = useRef<Partial<Record<DeviceKind, MediaStreamTrack>>>({});
  /** Grows with each request, so that the answer to an earlier one is let go. */
  const turn = useRef(0);

  const set = useCallback((kind: DeviceKind, device: PreviewDevice) => {
    const before = held.current[kind];
    if (before && before !== device.media) before.stop();
    if (device.media) held.current[kind] = device.media;
    else delete held.current[kind];
    setDevices((all) => ({ ...all, [kind]: device }));
  }, []);

  const askBoth = useCallback(async () => {
    const mine = ++turn.current;
    setAsking(true);
    const captured = await captureDevices({
      microphone: { deviceId: remembered('microphone') ?? undefined },
      camera: { deviceId: remembered('camera') ?? undefined, quality },
    });
    if (mine !== turn.current) {
      captured.microphone?.stop();
      captured.camera?.stop();
      return;
    }
    setAsking(false);
    for (const kind of ['microphone', 'camera'] as const) {
      set(kind, { on: true, media: captured[kind] ?? null, error: captured.errors[kind] ?? null });
    }
  }, [quality, set]);

  const askOne = useCallback(
    async (kind: DeviceKind, deviceId?: string) => {
      const mine = turn.current;
      try {
        const media = kind === 'camera' ? await captureCamera(quality, deviceId) : await captureMicrophone(deviceId);
        if (mine !== turn.current) media.stop();
        else set(kind, { on: true, media, error: null });
      } catch (error) {
        if (mine === turn.current) set(kind, { on: true, media: null, error: mediaError(error, kind) });
      }
    },
    [quality, set],
  );

  useEffect(() => {
    void askBoth();
    return () => {
      turn.current++;
      for (const media of Object.values(held.current)) media.stop();
      held.current = {};
    };
  }, [askBoth]);

  return {
    ...devices,
    asking,
    toggle: (kind) => {
      const device = devices[kind];
      if (device.on && device.media) set(kind, { on: false, media: null, error: null });
      else void askOne(kind, remembered(kind) ?? undefined);
    },
    choose: (kind, deviceId) => {
      remember(kind, deviceId);
      // Phones can't open a second camera while the first is open.
      if (devices[kind].media) set(kind, { ...devices[kind], media: null });
      void askOne(kind, deviceId);
    },
    retry: () => void askBoth(),
    take: () => {
      turn.current++;
      const taken = held.current;
      held.current = {};
      return taken;
    },
  };
}
