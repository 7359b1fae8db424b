import type { Participant } from '@efir/client';
import { useRoomEvent } from '@efir/react';
import { useMemo, useState } from 'react';

const hasVideo = (participant: Participant): boolean =>
  participant.isLocal || participant.track('camera')?.muted === false;

/** All, or those with a camera on, and oneself. Looks at tracks only while some are to be hidden. */
export function useWithVideo(participants: readonly Participant[], hideEmpty: boolean): readonly Participant[] {
  const [version, setVersion] = useState(0);
  const look = () => {
    if (hideEmpty) setVersion((n) => n + 1);
  };
  useRoomEvent('track-added', look);
  useRoomEvent('track-removed', look);
  useRoomEvent('track-muted', look);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what tracks are changes with the version.
  return useMemo(() => (hideEmpty ? participants.filter(hasVideo) : participants), [participants, hideEmpty, version]);
}
