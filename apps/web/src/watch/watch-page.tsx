import { Volume2 } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { parseRoomId, roomLabel } from '../home/room-id.js';
import { MessagePage } from '../ui/message-page.js';
import { Picture } from './picture.js';
import { useWhepPlayer } from './use-player.js';
import { WatchBar } from './watch-bar.js';
import { WatchNotice } from './watch-notice.js';

/** `/watch/{room}`: the broadcast, over the whole page. */
export function WatchPage({ roomId }: { roomId: string }) {
  const { t } = useTranslation();
  if (parseRoomId(roomId) !== roomId) {
    return (
      <MessagePage heading={t('ended.bad-request')} text={t('ended.bad-requestHint')}>
        <a className="button button-primary" href="/">
          {t('common.home')}
        </a>
      </MessagePage>
    );
  }
  return <Watch roomId={roomId} />;
}

function Watch({ roomId }: { roomId: string }) {
  const { t } = useTranslation();
  const { state, stream, played, retry } = useWhepPlayer(roomId);
  const [muted, setMuted] = useState(false);
  const [blocked, setBlocked] = useState(false);
  const [volume, setVolume] = useState(1);
  const stage = useRef<HTMLElement>(null);
  const awake = useAwake(stage);
  const name = roomLabel(roomId);
  useEffect(() => {
    document.title = `${name} · ${t('app.name')}`;
  }, [name, t]);
  const block = useCallback(() => setBlocked(true), []);
  const hear = useCallback((silent: boolean) => {
    setBlocked(false);
    setMuted(silent);
  }, []);
  const turn = useCallback((to: number) => {
    setBlocked(false);
    setMuted(false);
    setVolume(to);
  }, []);
  const live = state.at === 'playing';
  return (
    <main className="watch" ref={stage} data-state={state.at} data-awake={awake || !live || blocked || undefined}>
      <div className="watch-screen" data-dim={(!live && played) || undefined}>
        <Picture
          stream={stream}
          muted={muted || blocked}
          volume={volume}
          label={t('watch.picture', { name })}
          onBlocked={block}
        />
      </div>
      <header className="watch-top">
        {live && (
          <span className="watch-live">
            <span className="watch-dot" aria-hidden="true" />
            {t('watch.live')}
          </span>
        )}
        <span className="watch-name">{name}</span>
      </header>
      <WatchNotice state={state} over={played} onRetry={retry} />
      {blocked && live && (
        <button type="button" className="watch-tap" onClick={() => hear(false)}>
          <Volume2 size={30} aria-hidden="true" />
          {t('watch.tap')}
        </button>
      )}
      <WatchBar muted={muted || blocked} volume={volume} onMuted={hear} onVolume={turn} stage={stage} />
    </main>
  );
}

const ASLEEP_MS = 3_000;

/** Somebody moves the pointer, touches or uses the keyboard: the controls are to be seen. */
function useAwake(stage: React.RefObject<HTMLElement | null>): boolean {
  const [awake, setAwake] = useState(true);
  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    let timer: ReturnType<typeof setTimeout>;
    const wake = () => {
      setAwake(true);
      clearTimeout(timer);
      timer = setTimeout(() => setAwake(false), ASLEEP_MS);
    };
    const kinds = ['pointermove', 'pointerdown', 'focusin'] as const;
    for (const kind of kinds) element.addEventListener(kind, wake);
    document.addEventListener('keydown', wake);
    wake();
    return () => {
      clearTimeout(timer);
      for (const kind of kinds) element.removeEventListener(kind, wake);
      document.removeEventListener('keydown', wake);
    };
  }, [stage]);
  return awake;
}
