import { canShareScreen } from '@efir/client';
import { useParticipants } from '@efir/react';
import { Mic, MicOff, MonitorUp, MonitorX, PhoneOff, Settings, Users, Video, VideoOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../ui/icon-button.js';
import { CopyLinkButton } from './copy-link.js';
import type { useOwnMedia } from './use-own-media.js';

interface ControlBarProps {
  own: ReturnType<typeof useOwnMedia>;
  roomId: string;
  peopleOpen: boolean;
  onPeople: () => void;
  onSettings: () => void;
  onLeave: () => void;
}

export function ControlBar({ own, roomId, peopleOpen, onPeople, onSettings, onLeave }: ControlBarProps) {
  const { t } = useTranslation();
  const count = useParticipants().length;
  return (
    <footer className="control-bar" role="toolbar" aria-label={t('call.controls')}>
      <div className="control-side control-start">
        <span className="room-name">{roomId}</span>
        <CopyLinkButton roomId={roomId} />
      </div>
      <div className="control-main">
        <IconButton
          icon={own.microphone ? Mic : MicOff}
          tone={own.microphone ? 'plain' : 'off'}
          label={own.microphone ? t('call.muteMic') : t('call.unmuteMic')}
          shortcut="M"
          onClick={own.toggleMicrophone}
        />
        <IconButton
          icon={own.camera ? Video : VideoOff}
          tone={own.camera ? 'plain' : 'off'}
          label={own.camera ? t('call.stopCamera') : t('call.startCamera')}
          shortcut="V"
          onClick={own.toggleCamera}
        />
        {canShareScreen() && (
          <IconButton
            icon={own.screen ? MonitorX : MonitorUp}
            tone={own.screen ? 'active' : 'plain'}
            label={own.screen ? t('call.stopShare') : t('call.share')}
            shortcut="S"
            aria-pressed={own.screen}
            onClick={own.toggleScreen}
          />
        )}
        <IconButton icon={PhoneOff} tone="danger" label={t('call.leave')} onClick={onLeave} className="leave-button" />
      </div>
      <div className="control-side control-end">
        <IconButton
          icon={Users}
          label={`${t('call.people')}: ${count}`}
          text={String(count)}
          tone={peopleOpen ? 'active' : 'plain'}
          aria-expanded={peopleOpen}
          data-count={count}
          className="small-button"
          onClick={onPeople}
        />
        <IconButton icon={Settings} label={t('call.settings')} className="small-button" onClick={onSettings} />
      </div>
    </footer>
  );
}
