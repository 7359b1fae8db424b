import type { Participant } from '@efir/client';
import { useCallback, useRef, useSyncExternalStore } from 'react';
import { useRoom } from './room-context.js';

/** Who speaks by the server's judgement, or null. */
export function useSpeaker(): Participant | null {
  const room = useRoom();
  const subscribe = useCallback((changed: () => void) => room.on('speaker', changed), [room]);
  return useSyncExternalStore(subscribe, () => room.speaker);
}

/** Above this level (0 to 1, linear; -40 dBov) somebody is taken to speak. */
const SPEAKING_LEVEL = 0.01;
/** A pause between words doesn't end it, ms. */
const SPEAKING_HOLD_MS = 600;

/** Whether this participant is making sound now, by the measured level. */
export function useSpeaking(participant: Participant): boolean {
  const room = useRoom();
  const heardAt = useRef(Number.NEGATIVE_INFINITY);
  const subscribe = useCallback((changed: () => void) => room.on('levels', changed), [room]);
  return useSyncExternalStore(subscribe, () => {
    const now = performance.now();
    if (participant.audioLevel > SPEAKING_LEVEL) heardAt.current = now;
    return now - heardAt.current < SPEAKING_HOLD_MS;
  });
}
