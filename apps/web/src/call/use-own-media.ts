import { EfirError } from '@efir/client';
import { useParticipant, useRoom } from '@efir/react';
import { useTranslation } from 'react-i18next';
import { troubles } from '../lobby/device-trouble.js';
import { useSay } from './toasts.js';

/** One's own microphone, camera and screen: whether they are on, and the switches. Failures are told as toasts. */
export function useOwnMedia() {
  const { t } = useTranslation();
  const say = useSay();
  const { local } = useRoom();
  useParticipant(local);

  const tell = (error: unknown) => {
    if (!(error instanceof EfirError) || error.code === 'cancelled' || error.code === 'closed') return;
    const { source } = error;
    if (source === 'camera' || source === 'microphone') {
      const [trouble] = troubles({ [source]: error });
      if (trouble) say(`${t(`device.${trouble.what}`)}. ${t(`device.${trouble.how}`)}`, 'warning');
    } else {
      say(error.code === 'unsupported-browser' ? t('call.shareUnsupported') : error.message, 'warning');
    }
  };

  const microphone = local.isOn('microphone');
  const camera = local.isOn('camera');
  const screen = local.isOn('screen');
  return {
    microphone,
    camera,
    screen,
    toggleMicrophone: () => void local.setMicrophone(!microphone).catch(tell),
    toggleCamera: () => void local.setCamera(!camera).catch(tell),
    toggleScreen: () => void (screen ? local.stopScreenShare() : local.startScreenShare()).catch(tell),
    chooseDevice: (kind: 'camera' | 'microphone', id: string) => void local.switchDevice(kind, id).catch(tell),
  };
}
