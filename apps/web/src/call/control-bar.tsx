import { canShareScreen } from '@efir/client';
import { useParticipants } from '@efir/react';
import {
  Ellipsis,
  Hand,
  LayoutGrid,
  MessageSquare,
  Mic,
  MicOff,
  MonitorUp,
  MonitorX,
  PhoneOff,
  Settings,
  Smile,
  Users,
  Video,
  VideoOff,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { roomLabel } from '../home/room-id.js';
import { IconButton } from '../ui/icon-button.js';
import { Popup } from '../ui/popup.js';
import { CopyLinkButton, useCopyLink } from './copy-link.js';
import { ReactionButtons } from './reactions.js';
import { TopologyBadge } from './topology-badge.js';
import type { useOwnMedia } from './use-own-media.js';
import type { Viewing } from './use-viewing.js';
import { ViewMenu } from './view-menu.js';

export type Panel = 'people' | 'chat' | 'charts';

interface ControlBarProps {
  own: ReturnType<typeof useOwnMedia>;
  viewing: Viewing;
  roomId: string;
  panel: Panel | null;
  unread: number;
  hand: boolean;
  onPanel: (panel: Panel) => void;
  onHand: () => void;
  onSettings: () => void;
  onLeave: () => void;
}

export function ControlBar(props: ControlBarProps) {
  const { own, viewing, roomId, panel, unread, hand, onPanel, onHand, onSettings, onLeave } = props;
  const { t } = useTranslation();
  const count = useParticipants().length;
  const charts = (close: () => void) => {
    close();
    onPanel('charts');
  };
  return (
    <footer className="control-bar" role="toolbar" aria-label={t('call.controls')}>
      <div className="control-side control-start">
        <span className="room-name">{roomLabel(roomId)}</span>
        <CopyLinkButton roomId={roomId} />
        <TopologyBadge />
        <MoreMenu {...props} />
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
        <IconButton
          icon={Hand}
          tone={hand ? 'active' : 'plain'}
          label={hand ? t('call.lowerHand') : t('call.raiseHand')}
          shortcut="H"
          aria-pressed={hand}
          className="wide-only"
          onClick={onHand}
        />
        <Popup icon={Smile} label={t('call.reactions')} className="wide-only">
          {(close) => <ReactionButtons onSent={close} />}
        </Popup>
        <IconButton icon={PhoneOff} tone="danger" label={t('call.leave')} onClick={onLeave} className="leave-button" />
      </div>
      <div className="control-side control-end">
        <Popup icon={LayoutGrid} label={t('view.menu')} className="small-popup wide-only">
          {(close) => <ViewMenu viewing={viewing} onCharts={() => charts(close)} />}
        </Popup>
        <IconButton
          icon={MessageSquare}
          label={unread > 0 ? t('chat.unread', { count: unread }) : t('chat.open')}
          shortcut="C"
          tone={panel === 'chat' ? 'active' : 'plain'}
          aria-expanded={panel === 'chat'}
          data-unread={unread > 0 ? Math.min(unread, 99) : undefined}
          className="small-button"
          onClick={() => onPanel('chat')}
        />
        <IconButton
          icon={Users}
          label={`${t('call.people')}: ${count}`}
          text={String(count)}
          tone={panel === 'people' ? 'active' : 'plain'}
          aria-expanded={panel === 'people'}
          data-count={count}
          className="small-button"
          onClick={() => onPanel('people')}
        />
        <IconButton
          icon={Settings}
          label={t('call.settings')}
          className="small-button wide-only"
          onClick={onSettings}
        />
      </div>
    </footer>
  );
}

/** On a phone: what there is no room for in the bar. */
function MoreMenu({ roomId, viewing, hand, onHand, onPanel, onSettings }: ControlBarProps) {
  const { t } = useTranslation();
  const { copy } = useCopyLink(roomId);
  const items = [
    { label: hand ? t('call.lowerHand') : t('call.raiseHand'), act: onHand },
    { label: t('call.copy'), act: copy },
    { label: t('call.settings'), act: onSettings },
  ];
  return (
    <Popup icon={Ellipsis} label={t('call.more')} className="narrow-only">
      {(close) => (
        <>
          <ReactionButtons onSent={close} />
          <ViewMenu
            viewing={viewing}
            onCharts={() => {
              close();
              onPanel('charts');
            }}
          />
          {items.map(({ label, act }) => (
            <button
              key={label}
              type="button"
              className="popup-item"
              onClick={() => {
                close();
                act();
              }}
            >
              {label}
            </button>
          ))}
        </>
      )}
    </Popup>
  );
}
