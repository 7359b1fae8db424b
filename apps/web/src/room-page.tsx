import type { Room } from '@efir/client';
import { useCallback, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { CallPage } from './call/call-page.js';
import { ElsewherePage } from './call/elsewhere-page.js';
import { EndedPage, type Ending } from './call/ended-page.js';
import { join, joinStraight } from './call/join.js';
import { readLinkOptions } from './call/link-options.js';
import { useSeat } from './call/use-seat.js';
import { parseRoomId } from './home/room-id.js';
import { LobbyPage, type LobbyResult } from './lobby/lobby-page.js';
import { Logo } from './ui/logo.js';

type Phase =
  | { at: 'lobby' }
  /** On the way in; `media` from the lobby, `resume` from another page. */
  | { at: 'door'; name: string; media?: LobbyResult['media']; resume?: string | null }
  | { at: 'elsewhere'; name: string; media?: LobbyResult['media']; moved: boolean }
  | { at: 'call'; room: Room; notice: string | null }
  | { at: 'ended'; ending: Ending };

/** The server says so to the page whose place another one took. */
const TAKEN = 'opened in another tab';

/** `/room/{id}`: the lobby (or straight in, with `?name=`), the call, and what is after it. */
export function RoomPage({ roomId }: { roomId: string }) {
  const { t } = useTranslation();
  const [link] = useState(() => readLinkOptions(location.search));
  const { name } = link;
  const [phase, setPhase] = useState<Phase>(() => {
    if (parseRoomId(roomId) !== roomId) return { at: 'ended', ending: { reason: 'bad-request' } };
    return name ? { at: 'door', name } : { at: 'lobby' };
  });
  const room = phase.at === 'call' ? phase.room : null;
  const { claim, take, leave } = useSeat(roomId, room);

  useEffect(() => {
    if (phase.at !== 'door') return;
    const { name, media, resume } = phase;
    let gone = false;
    const enter = async () => {
      // With a secret (even none) the place has been taken already.
      if (resume === undefined && !(await claim(name))) {
        if (!gone) setPhase({ at: 'elsewhere', name, moved: false, ...(media ? { media } : {}) });
        return;
      }
      const request = { roomId, name, link, ...(resume ? { resume } : {}) };
      const { room, notice } = media
        ? { room: join({ ...request, media }), notice: null }
        : await joinStraight(request);
      if (gone) void room.leave();
      else setPhase({ at: 'call', room, notice });
    };
    void enter();
    return () => {
      gone = true;
    };
  }, [phase, roomId, link, claim]);

  useEffect(() => {
    if (!room) return;
    const stop = room.on('closed', ({ reason, error }) => {
      leave();
      if (reason === TAKEN) setPhase({ at: 'elsewhere', name: room.local.name, moved: true });
      else setPhase({ at: 'ended', ending: { reason, error } });
    });
    return () => {
      stop();
      // The page is left by the browser's "back".
      void room.leave();
    };
  }, [room, leave]);

  const enter = useCallback(({ name, media }: LobbyResult) => setPhase({ at: 'door', name, media }), []);

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
    case 'elsewhere':
      return (
        <ElsewherePage
          moved={phase.moved}
          media={phase.media}
          onUseHere={async () => {
            const { name, media } = phase;
            const resume = await take(name);
            setPhase({ at: 'door', name, resume, ...(media ? { media } : {}) });
          }}
        />
      );
    case 'call':
      return <CallPage room={phase.room} notice={phase.notice} />;
    case 'ended':
      return (
        <EndedPage ending={phase.ending} onRejoin={() => setPhase(name ? { at: 'door', name } : { at: 'lobby' })} />
      );
  }
}
