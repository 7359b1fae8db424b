export interface DeviceLists {
  microphones: MediaDeviceInfo[];
  cameras: MediaDeviceInfo[];
  speakers: MediaDeviceInfo[];
}

/** The devices there are. Labels and ids stay empty until the person has allowed one of the kind. */
export async function listDevices(): Promise<DeviceLists> {
  const lists: DeviceLists = { microphones: [], cameras: [], speakers: [] };
  if (typeof navigator === 'undefined' || !navigator.mediaDevices?.enumerateDevices) return lists;
  for (const device of await navigator.mediaDevices.enumerateDevices()) {
    // Chromium's "communications" is one of the others under another name.
    if (device.deviceId === 'communications') continue;
    if (device.kind === 'audioinput') lists.microphones.push(device);
    else if (device.kind === 'videoinput') lists.cameras.push(device);
    else if (device.kind === 'audiooutput') lists.speakers.push(device);
  }
  return lists;
}

/** Calls back when devices come or go. Returns the function that stops it. */
export function watchDevices(changed: () => void): () => void {
  const devices = typeof navigator === 'undefined' ? undefined : navigator.mediaDevices;
  devices?.addEventListener?.('devicechange', changed);
  return () => devices?.removeEventListener?.('devicechange', changed);
}
