import type { RoomInfo } from '@efir/client';
import { useEffect, useState } from 'react';

const REFRESH_MS = 3_000;

export type RoomsView =
  | { state: 'loading' }
  | { state: 'failed'; rooms?: RoomInfo[] }
  | { state: 'ready'; rooms: RoomInfo[] };

/** The server's rooms, asked for again and again while the page is seen. */
export function useRooms(): RoomsView {
  const [view, setView] = useState<RoomsView>({ state: 'loading' });
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const refresh = async () => {
      if (!document.hidden) {
        try {
          const rooms = await fetchRooms(abort.signal);
          setView({ state: 'ready', rooms });
        } catch {
          if (!abort.signal.aborted) setView((before) => ({ ...before, state: 'failed' }));
        }
      }
      if (!abort.signal.aborted) timer = setTimeout(refresh, REFRESH_MS);
    };
    void refresh();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, []);
  return view;
}

async function fetchRooms(signal: AbortSignal): Promise<RoomInfo[]> {
  const response = await fetch('/api/rooms', { signal, headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const body: { rooms?: RoomInfo[] } | RoomInfo[] = await response.json();
  return (Array.isArray(body) ? body : (body.rooms ?? [])).slice(0, 200);
}
