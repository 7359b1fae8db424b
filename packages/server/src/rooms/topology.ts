import type { RoomInfo, RoomSettings } from '@efir/protocol';
import { ServerError } from '../errors.js';

/** What a room with these settings runs on. Throws `unsupported` for what is not there yet. */
export function topologyFor({ topology }: RoomSettings): RoomInfo['topology'] {
  if (topology === 'auto' || topology === 'sfu') return 'sfu';
  throw new ServerError('unsupported', `topology: ${topology} is not available yet; use auto or sfu`);
}
