import { type Captured, captureDevices, Room } from '@efir/client';
import type { DeviceKind } from '../lobby/use-preview.js';
import { remembered } from '../preferences/storage.js';
import type { LinkOptions } from './link-options.js';
import { pageCapacity, TOGETHER } from './pages.js';

declare global {
  interface Window {
    /** For a look from the browser's console. */
    efir?: { room: Room };
  }
}

export interface JoinRequest {
  roomId: string;
  name: string;
  link: LinkOptions;
  /** Come in as who another page was. */
  resume?: string;
  media: Partial<Record<DeviceKind, MediaStreamTrack>>;
}

/** For the largest window that this screen has room for; more is negotiated if it grows beyond. */
const pageOfScreen = (): number =>
  Math.max(TOGETHER, pageCapacity({ width: screen.availWidth, height: screen.availHeight, gap: 12 }));

/** A room that is being connected to. What goes wrong is told by its `closed` event. */
export function join({ roomId, name, link, media, resume }: JoinRequest): Room {
  const room = new Room({
    room: roomId,
    name,
    video: link.quality,
    page: pageOfScreen(),
    playout: link.playout,
    ...(link.codec ? { codec: link.codec } : {}),
    ...(link.token ? { token: link.token } : {}),
    ...(link.relay ? { iceTransportPolicy: 'relay' as const } : {}),
    ...(resume ? { resume } : {}),
  });
  window.efir = { room };
  publish(room, media);
  void room.connect().catch(() => {});
  return room;
}

/** Before it joins without them, a link that goes straight in waits this long for the devices, ms. */
const DEVICES_PATIENCE_MS = 2_500;

export interface StraightIn {
  room: Room;
  /** Key under `call.`: what is missing; null if nothing is. */
  notice: string | null;
}

/** For `?name=`: with camera and microphone, with whichever there is, or without. Those allowed later are added then. */
export async function joinStraight(request: Omit<JoinRequest, 'media'>): Promise<StraightIn> {
  const { link } = request;
  const capturing = captureDevices({
    microphone: link.microphone && { deviceId: remembered('microphone') ?? undefined },
    camera: link.camera && { deviceId: remembered('camera') ?? undefined, quality: link.quality },
  });
  const patience = new Promise<null>((resolve) => setTimeout(() => resolve(null), DEVICES_PATIENCE_MS));
  const captured = await Promise.race([capturing, patience]);
  const room = join({ ...request, media: captured ?? {} });
  if (!captured) void capturing.then((late) => publish(room, late));
  return { room, notice: captured && missing(captured) };
}

function publish(room: Room, media: Partial<Record<DeviceKind, MediaStreamTrack>>): void {
  for (const source of ['microphone', 'camera'] as const) {
    const track = media[source];
    if (track) void room.local.publish(source, track).catch(() => {});
  }
}

export function missing({ errors }: Captured): string | null {
  if (errors.camera && errors.microphone) return 'joinedWithout_both';
  if (errors.camera) return 'joinedWithout_camera';
  return errors.microphone ? 'joinedWithout_microphone' : null;
}
