import type { Participant } from '@efir/client';
import { useRoom, useRoomEvent } from '@efir/react';
import { useState } from 'react';

const sharing = (participants: readonly Participant[]): Participant[] =>
  participants.filter((participant) => participant.track('screen')?.muted === false);

/** Who shares a screen now, others before you. */
export function useScreens(): Participant[] {
  const room = useRoom();
  const [, again] = useState(0);
  const look = () => again((n) => n + 1);
  useRoomEvent('track-added', look);
  useRoomEvent('track-removed', look);
  useRoomEvent('track-muted', look);
  return sharing(room.participants);
}
