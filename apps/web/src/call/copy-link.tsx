import { Check, Link2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../ui/icon-button.js';
import { useSay } from './toasts.js';

const SHOWN_MS = 2_000;

export function useCopyLink(roomId: string): { copied: boolean; copy: () => void } {
  const { t } = useTranslation();
  const say = useSay();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      // Absent on pages over plain HTTP.
      await navigator.clipboard.writeText(`${location.origin}/room/${roomId}`);
      say(t('call.copied'));
      setCopied(true);
      setTimeout(() => setCopied(false), SHOWN_MS);
    } catch {
      say(t('call.copyFailed'));
    }
  };
  return { copied, copy: () => void copy() };
}

export function CopyLinkButton({ roomId }: { roomId: string }) {
  const { t } = useTranslation();
  const { copied, copy } = useCopyLink(roomId);
  return <IconButton icon={copied ? Check : Link2} label={t('call.copy')} className="small-button" onClick={copy} />;
}

/** To somebody who is alone: what to do about it. */
export function Invitation({ roomId }: { roomId: string }) {
  const { t } = useTranslation();
  const { copied, copy } = useCopyLink(roomId);
  const Icon = copied ? Check : Link2;
  return (
    <div className="alone" role="status">
      <p>
        <strong>{t('call.alone')}</strong>
        <br />
        <span className="faint">{t('call.aloneHint')}</span>
      </p>
      <button type="button" className="button button-primary" onClick={copy}>
        <Icon size={18} aria-hidden="true" />
        {t('call.copy')}
      </button>
    </div>
  );
}
