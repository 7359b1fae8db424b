import type { Handler, RoomEvents } from '@efir/client';
import { useEffect, useRef } from 'react';
import { useRoom } from './room-context.js';

/** Calls the newest `handler` for each event of that name while the component is there. */
export function useRoomEvent<Name extends keyof RoomEvents>(name: Name, handler: Handler<RoomEvents[Name]>): void {
  const room = useRoom();
  const newest = useRef(handler);
  useEffect(() => {
    newest.current = handler;
  });
  useEffect(() => room.on(name, (payload) => newest.current(payload)), [room, name]);
}
