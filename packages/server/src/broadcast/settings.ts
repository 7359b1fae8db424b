/** `/api/rooms/{room}` of broadcasts: whichever node is asked, the home does it. */
import type { RoomInfo } from '@efir/protocol';
import { ClusterError } from '../cluster/errors.js';
import { ServerError } from '../errors.js';
import { type Broadcasts, unreachable } from './broadcasts.js';
import { SETTINGS, type SettingsAct, SettingsReply } from './messages.js';

/** Undefined: the room is no broadcast, and shall not be one. Null: there is nothing to tell. */
export async function broadcastSettings(
  broadcasts: Broadcasts,
  room: string,
  act: SettingsAct,
): Promise<{ info: RoomInfo | null; created: boolean } | undefined> {
  const there = await broadcasts.where(room);
  if (!there) {
    if (act.do !== 'put' || act.settings.kind !== 'broadcast') return undefined;
    return broadcasts.put(room, act.settings);
  }
  if (there.home === broadcasts.cluster.self.id) {
    return { info: await settingsHere(broadcasts, room, act), created: false };
  }
  try {
    const reply = await broadcasts.cluster.request(there.home, { type: SETTINGS, room, act });
    return { info: SettingsReply.parse(reply), created: false };
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'refused') throw refusedThere(error);
    throw unreachable(error);
  }
}

/** This node is the home. */
export async function settingsHere(broadcasts: Broadcasts, room: string, act: SettingsAct): Promise<RoomInfo | null> {
  if (act.do === 'get') return broadcasts.rooms.get(room).info();
  if (act.do === 'remove') {
    await broadcasts.remove(room);
    return null;
  }
  if (act.settings.kind === 'call') {
    throw new ServerError('conflict', 'kind: a broadcast stays one: delete the room first');
  }
  return (await broadcasts.put(room, act.settings)).info;
}

/** As the other node said it. */
export function refusedThere({ remoteCode, message }: ClusterError): ServerError {
  const code =
    remoteCode === 'conflict' || remoteCode === 'not-found' || remoteCode === 'unsupported' ? remoteCode : null;
  return code ? new ServerError(code, message) : new ServerError('unavailable', 'the home of the room cannot do it', 2);
}
