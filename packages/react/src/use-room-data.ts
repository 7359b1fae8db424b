import type { Handler, RoomDataEvents } from '@efir/client';
import { useEffect, useRef } from 'react';
import { useRoom } from './room-context.js';

/** Like `useRoomEvent`, for the events of `room.data`. */
export function useRoomData<Name extends keyof RoomDataEvents>(
  name: Name,
  handler: Handler<RoomDataEvents[Name]>,
): void {
  const { data } = useRoom();
  const newest = useRef(handler);
  useEffect(() => {
    newest.current = handler;
  });
  useEffect(() => data.on(name, (payload) => newest.current(payload)), [data, name]);
}
