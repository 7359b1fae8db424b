import type { Room } from '@efir/client';
import { createContext, use } from 'react';

const Context = createContext<Room | null>(null);

/** Gives a room to the components and hooks below it. */
export const RoomProvider = Context.Provider;

/** The room of the nearest `RoomProvider`. Throws where there is none. */
export function useRoom(): Room {
  const room = use(Context);
  if (!room) throw new Error('useRoom needs a RoomProvider above it');
  return room;
}
