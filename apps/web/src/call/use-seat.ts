import type { Room } from '@efir/client';
import { useCallback, useEffect, useRef } from 'react';
import { askForSecret, type Seat, sit } from './seat.js';

/** The place of this page in a room. See `seat.ts`. */
export function useSeat(roomId: string, room: Room | null) {
  const seat = useRef<Seat | null>(null);
  const current = useRef(room);
  useEffect(() => {
    current.current = room;
  });
  const leave = useCallback(() => {
    seat.current?.leave();
    seat.current = null;
  }, []);
  useEffect(() => leave, [leave]);

  const secret = useCallback(() => current.current?.resumeSecret ?? null, []);
  /** Whether the place is ours: nobody of that name is in this room in another page of this browser. */
  const claim = useCallback(
    async (name: string) => {
      leave();
      seat.current = await sit(roomId, name, secret);
      return seat.current !== null;
    },
    [roomId, leave, secret],
  );
  /** Takes it from the other page. Gives what to come in with, to be the same person. */
  const take = useCallback(
    async (name: string) => {
      const resume = await askForSecret(roomId, name);
      leave();
      seat.current = await sit(roomId, name, secret, { anyway: true });
      return resume;
    },
    [roomId, leave, secret],
  );
  return { claim, take, leave };
}
