import type { Participant } from '@efir/client';
import { useHands, useSpeaking, useTrack, VideoView } from '@efir/react';
import { Hand, MicOff, MonitorUp, Pin, PinOff } from 'lucide-react';
import { type CSSProperties, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Avatar } from '../ui/avatar.js';
import { TileReactions } from './reactions.js';
import type { Viewing } from './use-viewing.js';

export type TileSource = 'camera' | 'screen';

interface TileProps {
  participant: Participant;
  source: TileSource;
  viewing: Pick<Viewing, 'pinned' | 'pin'>;
  style?: CSSProperties;
  /** Another way to the same picture than their own section. */
  media?: MediaStreamTrack | null;
  /** It is the large one, and why. */
  large?: 'pinned' | 'screen' | 'speaker';
}

/** One picture of one participant: camera or screen. Without a picture, their initials. */
export function Tile({ participant, source, viewing, style, media: followed, large }: TileProps) {
  const { t } = useTranslation();
  const video = useTrack(participant, source);
  const microphone = useTrack(participant, 'microphone');
  const audible = useSpeaking(participant);
  const [picture, setPicture] = useState(false);
  const screen = source === 'screen';
  const speaking = !screen && audible && microphone.live;
  const media = followed ?? video.media;
  const shown = picture && video.live && media !== null;
  const pinned = viewing.pinned?.participant === participant && viewing.pinned.source === source;
  const name = participant.isLocal ? t('common.you') : participant.name;
  const label = screen ? (participant.isLocal ? t('call.yourScreen') : t('call.screenOf', { name })) : name;
  const hand = useHands().has(participant.id) && !screen;
  const details = [label, !screen && !microphone.live && t('call.muted'), hand && t('call.handUp')]
    .filter(Boolean)
    .join(', ');
  return (
    <article
      className="tile"
      style={style}
      aria-label={details}
      data-participant={participant.id}
      data-name={participant.name}
      data-source={source}
      data-local={participant.isLocal || undefined}
      data-speaking={speaking || undefined}
      data-picture={shown || undefined}
      data-pinned={pinned || undefined}
      data-large={large}
    >
      {!shown && !screen && <Avatar name={participant.name} />}
      {video.live && media && (
        <VideoView
          media={media}
          onPicture={setPicture}
          className={participant.isLocal && !screen ? 'mirrored' : undefined}
          data-participant={participant.id}
          data-source={source}
          aria-hidden="true"
          tabIndex={-1}
        />
      )}
      {!screen && <TileReactions participant={participant} />}
      {hand && (
        <span className="tile-hand">
          <Hand size={20} aria-hidden="true" />
        </span>
      )}
      <button
        type="button"
        className="tile-pin"
        aria-pressed={pinned}
        aria-label={t(pinned ? 'view.unpin' : 'view.pin', { name: label })}
        onClick={() => viewing.pin(participant, source)}
      >
        {pinned ? <PinOff size={17} aria-hidden="true" /> : <Pin size={17} aria-hidden="true" />}
      </button>
      <span className="tile-label">
        {screen && <MonitorUp size={15} aria-hidden="true" />}
        {!screen && !microphone.live && <MicOff className="tile-muted" size={15} aria-hidden="true" />}
        <span className="tile-name">{label}</span>
      </span>
    </article>
  );
}
