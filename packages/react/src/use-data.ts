import type { ChatMessage, FileTransfer } from '@efir/client';
import { useCallback, useSyncExternalStore } from 'react';
import { useRoom } from './room-context.js';

/** What was written in the room since you came, oldest first. */
export function useChat(): readonly ChatMessage[] {
  const { data } = useRoom();
  const subscribe = useCallback((changed: () => void) => data.on('chat', changed), [data]);
  return useSyncExternalStore(subscribe, () => data.chat);
}

/** Who has a hand up, by id, and since when. */
export function useHands(): ReadonlyMap<string, number> {
  const { data } = useRoom();
  const subscribe = useCallback((changed: () => void) => data.on('hands', changed), [data]);
  return useSyncExternalStore(subscribe, () => data.hands);
}

/** All files of this call, to and from you, oldest first. Renders again when one is added, not when one gets on. */
export function useFiles(): readonly FileTransfer[] {
  const { files } = useRoom().data;
  const subscribe = useCallback((changed: () => void) => files.on('list', changed), [files]);
  return useSyncExternalStore(subscribe, () => files.list);
}

/** Renders again whenever this transfer gets on. */
export function useFileTransfer(transfer: FileTransfer): FileTransfer {
  const subscribe = useCallback((changed: () => void) => transfer.on('changed', changed), [transfer]);
  useSyncExternalStore(subscribe, () => transfer.version);
  return transfer;
}
