import { useRoomEvent, useWeakNetwork } from '@efir/react';
import { TriangleAlert } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSay } from './toasts.js';

/** A moment's weakness isn't told, ms. */
const SETTLE_MS = 1_000;

/** Says that the network is weak while it is, and in passing that something can't keep up. */
export function QualityNotice() {
  const { t } = useTranslation();
  const say = useSay();
  const weak = useWeakNetwork();
  const [told, setTold] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setTold(weak), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [weak]);
  useRoomEvent('overload', ({ where, level }) => {
    say(t(level > 0 ? `quality.overload_${where}` : `quality.relief_${where}`), level > 0 ? 'warning' : 'quiet');
  });
  if (!told) return null;
  return (
    <p className="weak-network" role="status">
      <TriangleAlert size={18} aria-hidden="true" />
      {t('quality.weak')}
    </p>
  );
}
