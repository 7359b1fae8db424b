import type { ClusterNode } from '@efir/protocol';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { drain } from './use-cluster.js';

interface DrainDialogProps {
  node: ClusterNode;
  token: string;
  /** No other node takes anybody. */
  last: boolean;
  onDone(outcome: { node: string; failure: string | null } | null): void;
}

/** Asks before a node is drained: many will move. */
export function DrainDialog({ node, token, last, onDone }: DrainDialogProps) {
  const { t } = useTranslation();
  const element = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => element.current?.showModal(), []);
  const go = async () => {
    setBusy(true);
    onDone({ node: node.id, failure: await drain(node.id, token) });
  };
  return (
    <dialog ref={element} className="drain-dialog" aria-labelledby="drain-heading" onClose={() => onDone(null)}>
      <h2 id="drain-heading">{t('admin.drainHeading', { node: node.id })}</h2>
      <p>{t('admin.drainText', { count: (node.load?.viewers ?? 0) + (node.load?.participants ?? 0) })}</p>
      {last && <p className="drain-last">{t('admin.drainLast')}</p>}
      <div className="drain-actions">
        <button type="button" className="button" onClick={() => element.current?.close()}>
          {t('common.cancel')}
        </button>
        <button type="button" className="button button-danger" disabled={busy} onClick={() => void go()}>
          {t('admin.drainNow')}
        </button>
      </div>
    </dialog>
  );
}
