import type { Quality, Room, RoomEvents, Sound, Stage, Tile } from '@efir/client';
import { useCallback, useEffect, useSyncExternalStore } from 'react';
import { useRoom } from './room-context.js';

function useRoomValue<T>(name: keyof RoomEvents, read: (room: Room) => T): T {
  const room = useRoom();
  const subscribe = useCallback((changed: () => void) => room.on(name, changed), [room, name]);
  return useSyncExternalStore(subscribe, () => read(room));
}

/** Whoever speaks, for a tile that follows them; null before anybody did. */
export const useStage = (): Stage | null => useRoomValue('stage', (room) => room.stage);

/** What is to be heard: an `AudioView` for each, by its `key`. */
export const useSounds = (): readonly Sound[] => useRoomValue('sounds', (room) => room.sounds);

/** How well the path from the server does; renders about once a second. Null where media doesn't go through it. */
export const useQuality = (): Quality | null => useRoomValue('quality', (room) => room.quality);

/** Pictures are paused because the network carries no more. */
export const useWeakNetwork = (): boolean => useRoomValue('quality', (room) => room.quality?.weak ?? false);

/** Tells the room what is shown, the most important first. */
export function useView(tiles: readonly Tile[]): void {
  const room = useRoom();
  useEffect(() => room.setView(tiles), [room, tiles]);
}
