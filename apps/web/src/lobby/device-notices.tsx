import type { EfirError } from '@efir/client';
import { useTranslation } from 'react-i18next';
import { Notice } from '../ui/notice.js';
import { troubles } from './device-trouble.js';

interface DeviceNoticesProps {
  camera: EfirError | null;
  microphone: EfirError | null;
  onRetry: () => void;
}

/** What is wrong with camera and microphone, and what can be done about it. */
export function DeviceNotices({ camera, microphone, onRetry }: DeviceNoticesProps) {
  const { t } = useTranslation();
  return troubles({ camera, microphone }).map(({ what, how, retry }) => (
    <Notice
      key={what}
      tone="warning"
      heading={t(`device.${what}`)}
      action={
        retry && (
          <button type="button" className="button button-small" onClick={onRetry}>
            {t('common.retry')}
          </button>
        )
      }
    >
      {t(`device.${how}`)}
    </Notice>
  ));
}
