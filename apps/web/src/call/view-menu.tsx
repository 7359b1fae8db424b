import { ChartLine } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Segmented } from '../settings/segmented.js';
import type { Viewing } from './use-viewing.js';

/** How the room is looked at: layout, quality, and the way to the charts. */
export function ViewMenu({ viewing, onCharts }: { viewing: Viewing; onCharts: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="view-menu">
      <Segmented
        label={t('view.layout')}
        value={viewing.layout}
        options={{ gallery: t('view.gallery'), speaker: t('view.speaker') }}
        onChange={viewing.setLayout}
      />
      <Segmented
        label={t('view.quality')}
        value={viewing.quality}
        options={{ auto: t('view.auto'), saver: t('view.saver'), audio: t('view.audio') }}
        onChange={viewing.setQuality}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={viewing.hideEmpty}
          onChange={({ target }) => viewing.setHideEmpty(target.checked)}
        />
        <span>{t('view.hideEmpty')}</span>
      </label>
      <button type="button" className="popup-item" onClick={onCharts}>
        <ChartLine size={18} aria-hidden="true" />
        {t('view.charts')}
      </button>
    </div>
  );
}
