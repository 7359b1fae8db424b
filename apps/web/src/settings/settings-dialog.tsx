import { useDevices, useRoom } from '@efir/react';
import { Camera, Mic, Volume2, X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { useOwnMedia } from '../call/use-own-media.js';
import { chooseLanguage, LANGUAGES, type Language } from '../i18n/index.js';
import { remember } from '../preferences/storage.js';
import { chooseTheme, useTheme } from '../preferences/use-theme.js';
import { DeviceSelect } from '../ui/device-select.js';
import { IconButton } from '../ui/icon-button.js';
import { ConnectionInfo } from './connection-info.js';
import { Segmented } from './segmented.js';

interface SettingsDialogProps {
  own: ReturnType<typeof useOwnMedia>;
  speaker: string | undefined;
  onSpeaker: (deviceId: string) => void;
  onClose: () => void;
}

export function SettingsDialog({ own, speaker, onSpeaker, onClose }: SettingsDialogProps) {
  const { t, i18n } = useTranslation();
  const { local } = useRoom();
  const devices = useDevices();
  const theme = useTheme();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => element.current?.showModal(), []);
  const choose = (kind: 'camera' | 'microphone', id: string) => {
    remember(kind, id);
    own.chooseDevice(kind, id);
  };
  const shortcuts = [
    ['M', `${t('call.muteMic')} / ${t('call.unmuteMic').toLocaleLowerCase()}`],
    ['V', `${t('call.stopCamera')} / ${t('call.startCamera').toLocaleLowerCase()}`],
    ['S', `${t('call.share')} / ${t('call.stopShare').toLocaleLowerCase()}`],
    ['H', `${t('call.raiseHand')} / ${t('call.lowerHand').toLocaleLowerCase()}`],
    ['C', t('chat.open')],
  ];
  return (
    <dialog
      ref={element}
      className="settings"
      aria-labelledby="settings-heading"
      onClose={onClose}
      onClick={(event) => event.target === element.current && element.current.close()}
      onKeyDown={() => {}}
    >
      <header>
        <h2 id="settings-heading">{t('settings.heading')}</h2>
        <IconButton
          icon={X}
          label={t('common.close')}
          className="small-button"
          onClick={() => element.current?.close()}
        />
      </header>
      <div className="settings-body">
        <section>
          <h3>{t('settings.devices')}</h3>
          <DeviceSelect
            icon={Camera}
            label={t('lobby.camera')}
            devices={devices.cameras}
            value={local.deviceId('camera')}
            onChange={(id) => choose('camera', id)}
          />
          <DeviceSelect
            icon={Mic}
            label={t('lobby.microphone')}
            devices={devices.microphones}
            value={local.deviceId('microphone')}
            onChange={(id) => choose('microphone', id)}
          />
          {devices.speakers.length > 0 && (
            <DeviceSelect
              icon={Volume2}
              label={t('lobby.speaker')}
              devices={devices.speakers}
              value={speaker}
              onChange={onSpeaker}
            />
          )}
        </section>
        <section>
          <h3>{t('settings.appearance')}</h3>
          <Segmented
            label={t('settings.theme')}
            value={theme}
            options={{
              system: t('settings.themeSystem'),
              light: t('settings.themeLight'),
              dark: t('settings.themeDark'),
            }}
            onChange={chooseTheme}
          />
          <Segmented
            label={t('settings.language')}
            value={i18n.language as Language}
            options={LANGUAGES}
            onChange={chooseLanguage}
          />
        </section>
        <section>
          <h3>{t('settings.connection')}</h3>
          <ConnectionInfo />
        </section>
        <section className="settings-shortcuts">
          <h3>{t('settings.shortcuts')}</h3>
          <dl className="figures">
            {shortcuts.map(([key, action]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{action}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </dialog>
  );
}
