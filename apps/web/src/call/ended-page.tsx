import type { EfirError } from '@efir/client';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { MessagePage } from '../ui/message-page.js';

export interface Ending {
  /** `left`, or the code or words of whoever ended it. */
  reason: string;
  error?: EfirError;
}

const KNOWN = [
  'left',
  'room-full',
  'unauthorized',
  'signalling',
  'unsupported-browser',
  'not-found',
  'bad-request',
  'removed',
];
/** These have one more sentence. */
const HINTED = ['left', 'room-full', 'unauthorized', 'signalling', 'unsupported-browser', 'bad-request'];

/** After the call: why it is over, and the way back. */
export function EndedPage({ ending, onRejoin }: { ending: Ending; onRejoin: () => void }) {
  const { t } = useTranslation();
  const code = ending.reason === 'forbidden' ? 'unauthorized' : ending.reason;
  const known = KNOWN.includes(code);
  const words = ending.error?.message ?? ending.reason;
  const text = HINTED.includes(code)
    ? t(`ended.${code}Hint`)
    : known
      ? undefined
      : t('ended.technical', { reason: words });
  return (
    <MessagePage heading={t(`ended.${known ? code : 'other'}`)} text={text}>
      <button type="button" className="button button-primary button-large" onClick={onRejoin}>
        {code === 'left' ? t('ended.rejoin') : t('common.retry')}
      </button>
      <Link className="button button-large" href="/">
        {t('common.home')}
      </Link>
    </MessagePage>
  );
}
