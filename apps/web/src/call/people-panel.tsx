import type { Participant } from '@efir/client';
import { useHands, useParticipants, useSpeaking, useTopology, useTrack } from '@efir/react';
import { Hand, LoaderCircle, Mic, MicOff, MonitorUp, Signal, Video, VideoOff, WifiOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Avatar } from '../ui/avatar.js';
import { SidePanel } from './side-panel.js';
import { TopologyBadge } from './topology-badge.js';
import { useRows } from './use-rows.js';

/** Height of a row, as in `panels.css`. */
const ROW_PX = 48;

export function PeoplePanel({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const participants = useParticipants();
  const hands = useHands();
  const topology = useTopology();
  // Who raised a hand first is asked first.
  const since = ({ id }: Participant) => hands.get(id) ?? Number.POSITIVE_INFINITY;
  const sorted = [...participants].sort((a, b) => (since(a) === since(b) ? 0 : since(a) - since(b)));
  const { list, first, last, onScroll } = useRows(sorted.length, ROW_PX);
  return (
    <SidePanel
      name="people"
      label={t('call.people')}
      heading={t('call.people', { count: participants.length })}
      onClose={onClose}
    >
      <ul ref={list} onScroll={onScroll}>
        {first > 0 && <li className="rows-beyond" style={{ height: first * ROW_PX }} aria-hidden="true" />}
        {sorted.slice(first, last).map((participant, index) => (
          <Person
            key={participant.isLocal ? 'local' : participant.id}
            participant={participant}
            hand={hands.has(participant.id)}
            position={first + index + 1}
            size={sorted.length}
          />
        ))}
        {last < sorted.length && (
          <li className="rows-beyond" style={{ height: (sorted.length - last) * ROW_PX }} aria-hidden="true" />
        )}
      </ul>
      {topology && (
        <p className="panel-foot">
          <TopologyBadge />
          <span>{t(`topology.${topology}Hint`)}</span>
        </p>
      )}
    </SidePanel>
  );
}

interface PersonProps {
  participant: Participant;
  hand: boolean;
  /** Place in the whole list, from 1: only those in sight are in the page. */
  position: number;
  size: number;
}

function Person({ participant, hand, position, size }: PersonProps) {
  const { t } = useTranslation();
  const microphone = useTrack(participant, 'microphone');
  const camera = useTrack(participant, 'camera');
  const screen = useTrack(participant, 'screen');
  const speaking = useSpeaking(participant) && microphone.live;
  const MicIcon = microphone.live ? Mic : MicOff;
  const CameraIcon = camera.live ? Video : VideoOff;
  const connection = participant.isLocal ? 'connected' : participant.connection;
  return (
    <li data-speaking={speaking || undefined} data-connection={connection} aria-posinset={position} aria-setsize={size}>
      <Avatar name={participant.name} />
      <span className="person-name">
        <span>
          {participant.name}
          {participant.isLocal && <span className="faint"> ({t('common.you')})</span>}
        </span>
        {connection !== 'connected' && <small>{t(`connection.${connection}`)}</small>}
      </span>
      {hand && <Hand size={17} className="person-hand" aria-label={t('call.handUp')} />}
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
      {!participant.isLocal && <ConnectionIcon state={connection} />}
    </li>
  );
}

function ConnectionIcon({ state }: { state: RTCPeerConnectionState }) {
  const { t } = useTranslation();
  const label = t(`connection.${state}`);
  if (state === 'connected') return <Signal size={17} className="person-connected" aria-label={label} />;
  if (state === 'new' || state === 'connecting')
    return <LoaderCircle size={17} className="spinning" aria-label={label} />;
  return <WifiOff size={17} className="person-cut" aria-label={label} />;
}
