import type { Room } from '@efir/client';
import { RoomProvider, useHands, useParticipants, useRoomState, useTopology } from '@efir/react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { roomLabel } from '../home/room-id.js';
import { remember, remembered } from '../preferences/storage.js';
import { SettingsDialog } from '../settings/settings-dialog.js';
import { ChartsPanel } from './charts-panel.js';
import { ChatPanel } from './chat-panel.js';
import { ConnectionBanner } from './connection-banner.js';
import { ControlBar, type Panel } from './control-bar.js';
import { Invitation } from './copy-link.js';
import { PeoplePanel } from './people-panel.js';
import { QualityNotice } from './quality-notice.js';
import { RemoteAudio } from './remote-audio.js';
import { RoomNotices } from './room-notices.js';
import { Stage } from './stage.js';
import { ToastProvider, useSay } from './toasts.js';
import { useOwnMedia } from './use-own-media.js';
import { useShortcuts } from './use-shortcuts.js';
import { useUnread } from './use-unread.js';
import { useViewing } from './use-viewing.js';

interface CallPageProps {
  room: Room;
  /** Key under `call.` of something to say quietly on arrival. */
  notice: string | null;
}

export function CallPage(props: CallPageProps) {
  return (
    <RoomProvider value={props.room}>
      <ToastProvider>
        <Call {...props} />
      </ToastProvider>
    </RoomProvider>
  );
}

function Call({ room, notice }: CallPageProps) {
  const { t } = useTranslation();
  const say = useSay();
  const own = useOwnMedia();
  const topology = useTopology();
  const [panel, setPanel] = useState<Panel | null>(null);
  const [settings, setSettings] = useState(false);
  const [speaker, setSpeaker] = useState(() => remembered('speaker') ?? undefined);
  const hand = useHands().has(room.local.id);
  const toggleHand = () => room.data.setHand(!hand);
  const unread = useUnread(panel === 'chat');
  const viewing = useViewing();
  const toggle = (name: Panel) => setPanel((open) => (open === name ? null : name));
  useShortcuts({
    KeyM: own.toggleMicrophone,
    KeyV: own.toggleCamera,
    KeyS: own.toggleScreen,
    KeyH: toggleHand,
    KeyC: () => toggle('chat'),
  });
  useEffect(() => {
    if (!panel) return;
    // Wherever the focus is: what had it may have gone, as a button does that was pressed.
    const onKey = ({ key }: KeyboardEvent) => {
      if (key === 'Escape' && !document.querySelector('dialog[open], .popup')) setPanel(null);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [panel]);
  useEffect(() => {
    if (notice) say(t(`call.${notice}`));
  }, [notice, say, t]);
  return (
    <div className="call" data-panel={panel ?? undefined} data-topology={topology ?? undefined}>
      <h1 className="visually-hidden">
        {t('call.label')} {roomLabel(room.options.room)}
      </h1>
      <ConnectionBanner />
      <main className="call-main">
        <Stage viewing={viewing} />
        <QualityNotice />
        <AloneHint roomId={room.options.room} />
      </main>
      {panel === 'people' && <PeoplePanel onClose={() => setPanel(null)} />}
      {panel === 'charts' && <ChartsPanel onClose={() => setPanel(null)} />}
      {panel === 'chat' && <ChatPanel onClose={() => setPanel(null)} />}
      <ControlBar
        own={own}
        viewing={viewing}
        roomId={room.options.room}
        panel={panel}
        unread={unread}
        hand={hand}
        onPanel={toggle}
        onHand={toggleHand}
        onSettings={() => setSettings(true)}
        onLeave={() => void room.leave()}
      />
      <RemoteAudio speakerId={speaker} />
      <RoomNotices chatOpen={panel === 'chat'} />
      {settings && (
        <SettingsDialog
          own={own}
          speaker={speaker}
          onSpeaker={(id) => {
            remember('speaker', id);
            setSpeaker(id);
          }}
          onClose={() => setSettings(false)}
        />
      )}
    </div>
  );
}

function AloneHint({ roomId }: { roomId: string }) {
  const state = useRoomState();
  const alone = useParticipants().length === 1 && state === 'connected';
  return alone ? <Invitation roomId={roomId} /> : null;
}
