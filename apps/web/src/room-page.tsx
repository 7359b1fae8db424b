import type { Room } from '@efir/client';
import { useCallback, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { CallPage } from './call/call-page.js';
import { EndedPage, type Ending } from './call/ended-page.js';
import { join, joinStraight } from './call/join.js';
import { readLinkOptions } from './call/link-options.js';
import { parseRoomId } from './home/room-id.js';
import { LobbyPage, type LobbyResult } from './lobby/lobby-page.js';
import { Logo } from './ui/logo.js';

type Phase =
  | { at: 'lobby' }
  | { at: 'door' }
  | { at: 'call'; room: Room; notice: string | null }
  | { at: 'ended'; ending: Ending };

/** `/room/{id}`: the lobby (or straight in, with `?name=`), the call, and what is after it. */
export function RoomPage({ roomId }: { roomId: string }) {
  const { t } = useTranslation();
  const [link] = useState(() => readLinkOptions(location.search));
  const valid = parseRoomId(roomId) === roomId;
  const { name } = link;
  const [phase, setPhase] = useState<Phase>(() => {
    if (!valid) return { at: 'ended', ending: { reason: 'bad-request' } };
    return name ? { at: 'door' } : { at: 'lobby' };
  });

  // Straight in: on arrival by such a link, and on coming back to it.
  useEffect(() => {
    if (phase.at !== 'door' || !name) return;
    let gone = false;
    void joinStraight({ roomId, name, link }).then(({ room, notice }) => {
      if (gone) void room.leave();
      else setPhase({ at: 'call', room, notice });
    });
    return () => {
      gone = true;
    };
  }, [phase.at, roomId, name, link]);

  const room = phase.at === 'call' ? phase.room : null;
  useEffect(() => {
    if (!room) return;
    const stop = room.on('closed', ({ reason, error }) => setPhase({ at: 'ended', ending: { reason, error } }));
    return () => {
      stop();
      // The page is left by the browser's "back".
      void room.leave();
    };
  }, [room]);

  const enter = useCallback(
    ({ name, media }: LobbyResult) => {
      setPhase({ at: 'call', room: join({ roomId, name, link, media }), notice: null });
    },
    [roomId, link],
  );

  switch (phase.at) {
    case 'lobby':
      return <LobbyPage roomId={roomId} quality={link.quality} onJoin={enter} />;
    case 'door':
      return (
        <div className="door" role="status">
          <Logo size={44} />
          <p>{t('call.connecting')}</p>
        </div>
      );
    case 'call':
      return <CallPage room={phase.room} notice={phase.notice} />;
    case 'ended':
      return <EndedPage ending={phase.ending} onRejoin={() => setPhase(name ? { at: 'door' } : { at: 'lobby' })} />;
  }
}
