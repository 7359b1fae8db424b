import type { RoomState } from '@efir/client';
import { useCallback, useSyncExternalStore } from 'react';
import { useRoom } from './room-context.js';

/** The room's state; renders again when it changes. */
export function useRoomState(): RoomState {
  const room = useRoom();
  const subscribe = useCallback((changed: () => void) => room.on('state', changed), [room]);
  return useSyncExternalStore(subscribe, () => room.state);
}
