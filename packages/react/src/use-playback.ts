import { useSyncExternalStore } from 'react';
import { playback } from './playback.js';

/** Whether sound waits for a touch, and what to call from that touch. */
export function usePlayback(): { blocked: boolean; start: () => void } {
  const blocked = useSyncExternalStore(playback.subscribe, () => playback.blocked);
  return { blocked, start: () => playback.start() };
}
