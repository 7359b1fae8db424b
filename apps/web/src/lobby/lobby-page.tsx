import type { VideoQuality } from '@efir/client';
import { useDevices, VideoView } from '@efir/react';
import { Camera, Mic, MicOff, Video, VideoOff, Volume2 } from 'lucide-react';
import { type FormEvent, useEffect, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { roomLabel } from '../home/room-id.js';
import { remember, remembered } from '../preferences/storage.js';
import { Avatar } from '../ui/avatar.js';
import { DeviceSelect } from '../ui/device-select.js';
import { IconButton } from '../ui/icon-button.js';
import { PageHeader } from '../ui/page-header.js';
import { DeviceNotices } from './device-notices.js';
import { LevelMeter } from './level-meter.js';
import { type DeviceKind, usePreview } from './use-preview.js';

export interface LobbyResult {
  name: string;
  media: Partial<Record<DeviceKind, MediaStreamTrack>>;
}

interface LobbyPageProps {
  roomId: string;
  quality: VideoQuality;
  onJoin: (result: LobbyResult) => void;
}

export function LobbyPage({ roomId, quality, onJoin }: LobbyPageProps) {
  const { t } = useTranslation();
  const preview = usePreview(quality);
  const devices = useDevices();
  const { refresh } = devices;
  const [name, setName] = useState(() => remembered('name') ?? '');
  const [nameMissing, setNameMissing] = useState(false);
  const [picture, setPicture] = useState(false);
  const [speaker, setSpeaker] = useState(() => remembered('speaker') ?? undefined);
  const nameId = useId();
  const { camera, microphone, asking } = preview;

  // Names of devices appear once one is allowed.
  useEffect(() => {
    if (camera.media || microphone.media) refresh();
  }, [camera.media, microphone.media, refresh]);

  const join = (event: FormEvent) => {
    event.preventDefault();
    const trimmed = name.trim().slice(0, 64);
    if (!trimmed) {
      setNameMissing(true);
      document.getElementById(nameId)?.focus();
      return;
    }
    remember('name', trimmed);
    onJoin({ name: trimmed, media: preview.take() });
  };

  // Before any is allowed the browser tells nothing that one could choose by.
  const known = [...devices.cameras, ...devices.microphones].some(({ deviceId }) => deviceId !== '');
  const nothing = !asking && !camera.media && !microphone.media && (camera.error ?? microphone.error) !== null;
  return (
    <div className="page">
      <PageHeader />
      <main className="lobby">
        <section className="preview" aria-label={t('lobby.preview')}>
          <div className="preview-picture" data-on={picture && camera.media !== null}>
            <VideoView
              media={camera.media}
              onPicture={setPicture}
              className="mirrored"
              data-source="preview"
              aria-label={t('lobby.preview')}
            />
            {!(picture && camera.media) && (
              <div className="preview-empty">
                <Avatar name={name} />
                <p>{asking ? t('lobby.asking') : camera.media ? t('lobby.starting') : t('lobby.cameraOff')}</p>
              </div>
            )}
            <div className="preview-controls">
              <IconButton
                icon={microphone.media ? Mic : MicOff}
                tone={microphone.media ? 'plain' : 'off'}
                label={microphone.media ? t('call.muteMic') : t('call.unmuteMic')}
                disabled={asking}
                onClick={() => preview.toggle('microphone')}
              />
              <IconButton
                icon={camera.media ? Video : VideoOff}
                tone={camera.media ? 'plain' : 'off'}
                label={camera.media ? t('call.stopCamera') : t('call.startCamera')}
                disabled={asking}
                onClick={() => preview.toggle('camera')}
              />
            </div>
          </div>
          <LevelMeter media={microphone.media} />
        </section>
        <form className="lobby-form" onSubmit={join} noValidate>
          <div>
            <h1>{t('lobby.heading')}</h1>
            <p className="lobby-room">
              {t('lobby.room')} <strong title={roomId}>{roomLabel(roomId)}</strong>
            </p>
          </div>
          <div className="field">
            <label htmlFor={nameId}>{t('lobby.name')}</label>
            <input
              id={nameId}
              name="name"
              value={name}
              maxLength={64}
              placeholder={t('lobby.namePlaceholder')}
              autoComplete="nickname"
              // biome-ignore lint/a11y/noAutofocus: the one thing this page is for; on a phone the keyboard would cover the rest.
              autoFocus={matchMedia('(hover: hover)').matches}
              aria-invalid={nameMissing}
              aria-describedby={nameMissing ? `${nameId}-error` : undefined}
              onChange={(event) => {
                setName(event.target.value);
                setNameMissing(false);
              }}
            />
            {nameMissing && (
              <p className="field-error" id={`${nameId}-error`} role="alert">
                {t('lobby.nameRequired')}
              </p>
            )}
          </div>
          {!asking && <DeviceNotices camera={camera.error} microphone={microphone.error} onRetry={preview.retry} />}
          {known && (
            <>
              <DeviceSelect
                icon={Camera}
                label={t('lobby.camera')}
                devices={devices.cameras}
                value={camera.media?.getSettings().deviceId}
                onChange={(id) => preview.choose('camera', id)}
              />
              <DeviceSelect
                icon={Mic}
                label={t('lobby.microphone')}
                devices={devices.microphones}
                value={microphone.media?.getSettings().deviceId}
                onChange={(id) => preview.choose('microphone', id)}
              />
              {devices.speakers.length > 0 && (
                <DeviceSelect
                  icon={Volume2}
                  label={t('lobby.speaker')}
                  devices={devices.speakers}
                  value={speaker}
                  onChange={(id) => {
                    remember('speaker', id);
                    setSpeaker(id);
                  }}
                />
              )}
            </>
          )}
          <button type="submit" className="button button-primary button-large">
            {nothing ? t('lobby.joinWithout') : t('lobby.join')}
          </button>
        </form>
      </main>
    </div>
  );
}
