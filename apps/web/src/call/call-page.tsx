import type { Room } from '@efir/client';
import { RoomProvider, useParticipants, useRoomState } from '@efir/react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { remember, remembered } from '../preferences/storage.js';
import { SettingsDialog } from '../settings/settings-dialog.js';
import { ConnectionBanner } from './connection-banner.js';
import { ControlBar } from './control-bar.js';
import { Invitation } from './copy-link.js';
import { PeoplePanel } from './people-panel.js';
import { RemoteAudio } from './remote-audio.js';
import { RoomNotices } from './room-notices.js';
import { Stage } from './stage.js';
import { ToastProvider, useSay } from './toasts.js';
import { useOwnMedia } from './use-own-media.js';
import { useShortcuts } from './use-shortcuts.js';

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
  const [people, setPeople] = useState(false);
  const [settings, setSettings] = useState(false);
  const [speaker, setSpeaker] = useState(() => remembered('speaker') ?? undefined);
  useShortcuts({ KeyM: own.toggleMicrophone, KeyV: own.toggleCamera, KeyS: own.toggleScreen });
  useEffect(() => {
    if (notice) say(t(`call.${notice}`));
  }, [notice, say, t]);
  return (
    <div className="call" data-people={people || undefined}>
      <h1 className="visually-hidden">
        {t('call.label')} {room.options.room}
      </h1>
      <ConnectionBanner />
      <main className="call-main">
        <Stage />
        <AloneHint roomId={room.options.room} />
      </main>
      {people && <PeoplePanel onClose={() => setPeople(false)} />}
      <ControlBar
        own={own}
        roomId={room.options.room}
        peopleOpen={people}
        onPeople={() => setPeople(!people)}
        onSettings={() => setSettings(true)}
        onLeave={() => void room.leave()}
      />
      <RemoteAudio speakerId={speaker} />
      <RoomNotices />
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
