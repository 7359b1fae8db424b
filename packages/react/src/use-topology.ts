import type { LiveTopology } from '@efir/client';
import { useCallback, useSyncExternalStore } from 'react';
import { useRoom } from './room-context.js';

/** How media goes: `mesh` (to each of the others) or `sfu` (through the server). Null before there is a way. */
export function useTopology(): LiveTopology | null {
  const room = useRoom();
  const subscribe = useCallback(
    (changed: () => void) => {
      const stops = [room.on('topology', changed), room.on('state', changed)];
      return () => {
        for (const stop of stops) stop();
      };
    },
    [room],
  );
  return useSyncExternalStore(subscribe, () => room.topology);
}
