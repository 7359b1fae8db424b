import { MicrophoneMeter } from '@efir/client';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';

const BARS = 12;

/** -55 dB and below is nothing, -10 dB all bars. */
const shown = (level: number): number => Math.max(0, Math.min(1, (20 * Math.log10(level + 1e-6) + 55) / 45));

/** How loud the microphone is, drawn outside of React's rendering. */
export function LevelMeter({ media }: { media: MediaStreamTrack | null }) {
  const { t } = useTranslation();
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!media) return;
    const meter = new MicrophoneMeter(media);
    let smooth = 0;
    const timer = setInterval(() => {
      smooth = Math.max(shown(meter.level), smooth - 0.06);
      element.current?.setAttribute('aria-valuenow', String(Math.round(smooth * 100)));
      element.current?.querySelectorAll('i').forEach((bar, index) => {
        bar.toggleAttribute('data-lit', index < Math.round(smooth * BARS));
      });
    }, 60);
    return () => {
      clearInterval(timer);
      meter.close();
      element.current?.querySelectorAll('i').forEach((bar) => {
        bar.removeAttribute('data-lit');
      });
    };
  }, [media]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <meter> can't be drawn in bars.
    <div
      ref={element}
      className="level-meter"
      role="meter"
      aria-label={t('lobby.level')}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={0}
    >
      {Array.from({ length: BARS }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars are their positions.
        <i key={index} />
      ))}
    </div>
  );
}
