import type { Participant } from '@efir/client';
import { useParticipants, useSpeaking, useTrack } from '@efir/react';
import { Mic, MicOff, MonitorUp, Video, VideoOff, X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Avatar } from '../ui/avatar.js';
import { IconButton } from '../ui/icon-button.js';

export function PeoplePanel({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const participants = useParticipants();
  const element = useRef<HTMLElement>(null);
  useEffect(() => element.current?.focus(), []);
  return (
    <aside
      ref={element}
      className="people-panel"
      aria-label={t('call.people')}
      tabIndex={-1}
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <header>
        <h2>{t('call.people', { count: participants.length })}</h2>
        <IconButton icon={X} label={t('common.close')} className="small-button" onClick={onClose} />
      </header>
      <ul>
        {participants.map((participant) => (
          <Person key={participant.isLocal ? 'local' : participant.id} participant={participant} />
        ))}
      </ul>
    </aside>
  );
}

function Person({ participant }: { participant: Participant }) {
  const { t } = useTranslation();
  const microphone = useTrack(participant, 'microphone');
  const camera = useTrack(participant, 'camera');
  const screen = useTrack(participant, 'screen');
  const speaking = useSpeaking(participant) && microphone.live;
  const MicIcon = microphone.live ? Mic : MicOff;
  const CameraIcon = camera.live ? Video : VideoOff;
  return (
    <li data-speaking={speaking || undefined}>
      <Avatar name={participant.name} />
      <span className="person-name">
        {participant.name}
        {participant.isLocal && <span className="faint"> ({t('common.you')})</span>}
      </span>
      {screen.live && <MonitorUp size={17} aria-label={t('call.screenOf', { name: participant.name })} />}
      <MicIcon
        size={17}
        className={microphone.live ? undefined : 'faint'}
        aria-label={t(microphone.live ? 'call.micOn' : 'call.micOff')}
      />
      <CameraIcon
        size={17}
        className={camera.live ? undefined : 'faint'}
        aria-label={t(camera.live ? 'call.cameraOn' : 'call.cameraOff')}
      />
    </li>
  );
}
