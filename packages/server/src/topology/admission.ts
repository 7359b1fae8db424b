/** Who may come into a room as it is, for what it can run on. A classic client needs a mesh, others need the SFU: not both. */
import type { RoomShape, Thresholds } from './decision.js';

/** No client bears more connections than that; also where the room is set to a mesh. */
export const MESH_CEILING = 32;

export type Newcomer = 'participant' | 'classic' | 'sfu-only' | 'viewer';

export interface Refusal {
  code: 'conflict' | 'room-full';
  message: string;
}

/** Null: welcome. */
export function refusalOf(newcomer: Newcomer, shape: RoomShape, { classicMax }: Thresholds): Refusal | null {
  if (newcomer === 'classic') {
    if (shape.apart > 0) return conflict('people on another server are in the room, where classic clients cannot be');
    if (shape.setting === 'sfu') return conflict('the room is set to the SFU, where classic clients cannot be');
    if (shape.sfuOnly > 0) return conflict('somebody in the room needs the SFU, where classic clients cannot be');
    if (shape.viewers > 0) return conflict('the room is watched through the SFU, where classic clients cannot be');
  }
  if (newcomer === 'sfu-only' || newcomer === 'viewer') {
    if (shape.classic > 0) return conflict('a classic client is in the room, which cannot go to the SFU for that');
    if (shape.setting === 'mesh') return conflict('the room is set to a mesh, and this needs the SFU');
  }
  if (newcomer === 'participant' && shape.apart > 0 && shape.setting === 'mesh') {
    return conflict('the room is set to a mesh, and is on another server');
  }
  const mesh = newcomer === 'classic' || shape.classic > 0;
  if (mesh && newcomer !== 'viewer' && shape.participants >= classicMax) {
    const message = `a room with a classic client in it takes ${classicMax} at most, and it is full`;
    return { code: 'room-full', message };
  }
  if (shape.setting === 'mesh' && newcomer !== 'viewer' && shape.participants >= MESH_CEILING) {
    return { code: 'room-full', message: `the room is set to a mesh, which takes ${MESH_CEILING} at most` };
  }
  return null;
}

/** Why a room may not be set so; null: it may. */
export function refusalOfSetting(setting: RoomShape['setting'], shape: RoomShape): Refusal | null {
  if (setting === 'sfu' && shape.classic > 0)
    return conflict('topology: a classic client is in the room: it is a mesh');
  if (setting === 'mesh' && shape.apart > 0) return conflict('topology: the room is on several servers');
  if (setting === 'mesh' && shape.sfuOnly + shape.viewers > 0) {
    return conflict('topology: somebody in the room needs the SFU: WHIP, WHEP or a client that cannot be in a mesh');
  }
  if (setting === 'mesh' && shape.participants > MESH_CEILING) {
    return conflict(`topology: a mesh takes ${MESH_CEILING} participants at most`);
  }
  return null;
}

function conflict(message: string): Refusal {
  return { code: 'conflict', message };
}
