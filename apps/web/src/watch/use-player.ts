import { type PlayerState, WhepPlayer } from '@efir/client';
import { useEffect, useState } from 'react';
import { readLinkOptions } from '../call/link-options.js';

interface Watched {
  state: PlayerState;
  stream: MediaStream | null;
  /** Something has been seen: what is said next is about an interruption. */
  played: boolean;
  retry(): void;
}

/** Plays a room as long as the page is there. */
export function useWhepPlayer(roomId: string): Watched {
  const [player] = useState(() => {
    const { token, playout } = readLinkOptions(location.search);
    return new WhepPlayer({ url: `${location.origin}/whep/${roomId}`, playout, ...(token ? { token } : {}) });
  });
  const [state, setState] = useState<PlayerState>(player.state);
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [played, setPlayed] = useState(false);
  useEffect(() => {
    const offs = [
      player.on('state', ({ state }) => {
        setState(state);
        if (state.at === 'playing') setPlayed(true);
      }),
      player.on('stream', ({ stream }) => setStream(stream)),
    ];
    const away = () => player.stop();
    // The browser kept the page and shows it again.
    const back = ({ persisted }: PageTransitionEvent) => persisted && player.start();
    const online = () => player.retry();
    window.addEventListener('pagehide', away);
    window.addEventListener('pageshow', back);
    window.addEventListener('online', online);
    player.start();
    return () => {
      for (const off of offs) off();
      window.removeEventListener('pagehide', away);
      window.removeEventListener('pageshow', back);
      window.removeEventListener('online', online);
      player.stop();
    };
  }, [player]);
  return {
    state,
    stream,
    played,
    retry: () => (player.state.at === 'refused' ? player.start() : player.retry()),
  };
}
