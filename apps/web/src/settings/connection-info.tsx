import type { TransportStats } from '@efir/client';
import { useRoom } from '@efir/react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

const REFRESH_MS = 1_000;

/** How the media goes just now. */
export function ConnectionInfo() {
  const { t } = useTranslation();
  const room = useRoom();
  const [transport, setTransport] = useState<TransportStats | null>(null);
  useEffect(() => {
    let gone = false;
    const look = async () => {
      const stats = await room.stats().catch(() => null);
      if (!gone) setTransport(stats?.transport ?? null);
    };
    void look();
    const timer = setInterval(() => void look(), REFRESH_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [room]);
  const none = t('settings.none');
  const rate = (bps: number | null | undefined): string => {
    if (typeof bps !== 'number') return none;
    if (bps >= 1e6) return t('settings.mbps', { value: (bps / 1e6).toFixed(1) });
    return t('settings.kbps', { value: Math.round(bps / 1e3) });
  };
  const roundTrip =
    typeof transport?.rttMs === 'number' ? t('settings.ms', { value: Math.round(transport.rttMs) }) : none;
  return (
    <dl className="figures">
      <dt>{t('settings.path')}</dt>
      <dd>{transport?.protocol?.toUpperCase() ?? none}</dd>
      <dt>{t('settings.roundTrip')}</dt>
      <dd>{roundTrip}</dd>
      <dt>{t('settings.sent')}</dt>
      <dd>{rate(transport?.sentBps)}</dd>
      <dt>{t('settings.received')}</dt>
      <dd>{rate(transport?.receivedBps)}</dd>
    </dl>
  );
}
