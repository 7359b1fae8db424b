import { useRoomEvent, useRoomState } from '@efir/react';
import { LoaderCircle, TriangleAlert } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

/** After so long the cause is named, ms. */
const PATIENCE_MS = 12_000;
/** Shorter interruptions aren't shown, ms. */
const BLINK_MS = 400;

/** How the connection is, when it isn't well. */
export function ConnectionBanner() {
  const { t } = useTranslation();
  const state = useRoomState();
  const [blocked, setBlocked] = useState(false);
  const [waited, setWaited] = useState<'blink' | 'some' | 'long'>('blink');
  useRoomEvent('error', ({ error }) => {
    if (error.code === 'media-blocked') setBlocked(true);
  });
  useEffect(() => {
    setWaited('blink');
    if (state === 'connected') setBlocked(false);
    const some = setTimeout(() => setWaited('some'), BLINK_MS);
    const long = setTimeout(() => setWaited('long'), PATIENCE_MS);
    return () => {
      clearTimeout(some);
      clearTimeout(long);
    };
  }, [state]);
  if (state === 'connected' || state === 'closed' || (waited === 'blink' && !blocked)) return null;
  const grave = blocked || (state === 'reconnecting' && waited === 'long');
  const Icon = grave ? TriangleAlert : LoaderCircle;
  const text = blocked
    ? t('call.blocked')
    : state !== 'reconnecting'
      ? t('call.connecting')
      : t(grave ? 'call.serverGone' : 'call.reconnecting');
  return (
    <div className="banner" data-grave={grave || undefined} role="status">
      <Icon size={18} className={grave ? undefined : 'spinning'} aria-hidden="true" />
      {text}
    </div>
  );
}
