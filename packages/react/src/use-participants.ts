import type { Participant } from '@efir/client';
import { useCallback, useSyncExternalStore } from 'react';
import { useRoom } from './room-context.js';

/** Everybody, you as the last. Renders again when somebody comes or goes, not when somebody changes. */
export function useParticipants(): readonly Participant[] {
  const room = useRoom();
  const subscribe = useCallback(
    (changed: () => void) => {
      const stops = [room.on('participant-joined', changed), room.on('participant-left', changed)];
      return () => {
        for (const stop of stops) stop();
      };
    },
    [room],
  );
  return useSyncExternalStore(subscribe, () => room.participants);
}

/** Renders again when anything about this participant changes: name, tracks, mute, media. */
export function useParticipant(participant: Participant): Participant {
  const subscribe = useCallback((changed: () => void) => participant.on('changed', changed), [participant]);
  useSyncExternalStore(subscribe, () => participant.version);
  return participant;
}
