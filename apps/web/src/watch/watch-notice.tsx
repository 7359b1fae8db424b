import type { PlayerState } from '@efir/client';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Logo } from '../ui/logo.js';

interface WatchNoticeProps {
  state: PlayerState;
  /** There is a picture under it: be small. */
  over: boolean;
  onRetry(): void;
}

/** Why nothing moves, and what happens next. */
export function WatchNotice({ state, over, onRetry }: WatchNoticeProps) {
  const { t } = useTranslation();
  if (state.at === 'playing' || state.at === 'idle') return null;
  const name = state.at === 'waiting' ? state.why : state.at === 'refused' ? refusal(state.error.code) : state.at;
  const key = name === 'quiet' && !over ? 'not-on-air' : name === 'not-on-air' && over ? 'quiet' : name;
  const hint = t(`watch.${key}Hint`, { defaultValue: '' });
  return (
    <div className={over ? 'watch-notice watch-notice-over' : 'watch-notice'} role="status">
      <Logo size={over ? 24 : 44} />
      <div>
        <h1>{t(`watch.${key}`)}</h1>
        {hint && <p>{hint}</p>}
        {state.at === 'waiting' && (
          <p className="watch-countdown">
            <Countdown until={state.retryAt} />
            <button type="button" className="button button-small" onClick={onRetry}>
              {t('watch.now')}
            </button>
          </p>
        )}
        {state.at === 'refused' && (
          <p className="watch-countdown">
            <button type="button" className="button button-small" onClick={onRetry}>
              {t('common.retry')}
            </button>
            <a className="button button-small" href="/">
              {t('common.home')}
            </a>
          </p>
        )}
      </div>
    </div>
  );
}

/** Not announced each second: only seen. */
function Countdown({ until }: { until: number }) {
  const { t } = useTranslation();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  return <span aria-hidden="true">{seconds > 0 ? t('watch.again', { count: seconds }) : t('watch.asking')}</span>;
}

function refusal(code: string): string {
  if (code === 'unauthorized' || code === 'forbidden') return 'unauthorized';
  return code === 'bad-request' ? 'badRoom' : 'refused';
}
