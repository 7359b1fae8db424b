import type { EfirError, EfirErrorCode } from '@efir/client';
import type { DeviceKind } from './use-preview.js';

export interface Trouble {
  /** Key under `device.` of what is wrong. */
  what: string;
  /** Key under `device.` of what to do. */
  how: string;
  /** Asking again may help. */
  retry: boolean;
}

const KNOWN = new Set<EfirErrorCode>([
  'permission-denied',
  'no-device',
  'device-busy',
  'not-secure',
  'unsupported-browser',
]);
/** These are about the page, not about a device. */
const OF_PAGE = new Set<EfirErrorCode>(['not-secure', 'unsupported-browser']);

/** What to tell about devices that couldn't be had: one message for both where the cause is the same. */
export function troubles(errors: Partial<Record<DeviceKind, EfirError | null>>): Trouble[] {
  const trouble = (error: EfirError, about: DeviceKind | 'both'): Trouble => {
    const code = KNOWN.has(error.code) ? error.code : 'device-busy';
    const page = OF_PAGE.has(code);
    return { what: `${code}_${page ? 'both' : about}`, how: `${code}_how`, retry: !page };
  };
  const { camera, microphone } = errors;
  if (camera && microphone && camera.code === microphone.code) return [trouble(camera, 'both')];
  return [camera && trouble(camera, 'camera'), microphone && trouble(microphone, 'microphone')].filter((t) => !!t);
}
