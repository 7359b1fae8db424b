import { useRoom, useRoomData } from '@efir/react';
import { useEffect, useState } from 'react';

/** Messages and files of others since the chat was last seen. */
export function useUnread(seen: boolean): number {
  const { local } = useRoom();
  const [unread, setUnread] = useState(0);
  useEffect(() => {
    if (seen) setUnread(0);
  }, [seen]);
  useRoomData('chat', ({ message }) => {
    if (!seen && message.from !== local.id) setUnread((n) => n + 1);
  });
  const { files } = useRoom().data;
  useEffect(() => {
    if (seen) return;
    return files.on('offered', () => setUnread((n) => n + 1));
  }, [files, seen]);
  return unread;
}
