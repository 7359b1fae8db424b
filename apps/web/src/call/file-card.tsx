import type { FileTransfer } from '@efir/client';
import { useFileTransfer } from '@efir/react';
import { Check, Download, File, X } from 'lucide-react';
import { useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';

/** A file on its way: to several at once it is one card with a line for each. */
export function FileCard({ transfers }: { transfers: FileTransfer[] }) {
  const { t, i18n } = useTranslation();
  const [first] = transfers;
  if (!first) return null;
  const { name, size } = first.file;
  return (
    <section className="file-card" aria-label={t('files.label', { name })} data-direction={first.direction}>
      <div className="file-head">
        <File size={20} aria-hidden="true" />
        <span className="file-name">{name}</span>
        <span className="faint">{fileSize(size, i18n.language)}</span>
      </div>
      {transfers.map((transfer) => (
        <Progress key={transfer.id} transfer={transfer} />
      ))}
    </section>
  );
}

function Progress({ transfer }: { transfer: FileTransfer }) {
  const { t } = useTranslation();
  const { state, bytes, file, direction, peerName, over, reason, blob } = useFileTransfer(transfer);
  const incoming = direction === 'in';
  const share = file.size === 0 ? (over ? 1 : 0) : bytes / file.size;
  const percent = Math.floor(share * 100);
  const words =
    state === 'active'
      ? `${percent} %`
      : state === 'failed'
        ? t(`files.failed_${reason ?? 'stalled'}`)
        : t(`files.${state}_${direction}`);
  return (
    <div className="file-line" data-state={state}>
      <div className="file-status">
        <span>
          {!incoming && <span className="file-peer">{peerName}</span>}
          {!incoming && ' · '}
          {words}
        </span>
        {state === 'done' && <Check size={16} aria-hidden="true" />}
        {!over && !(incoming && state === 'offered') && (
          <button
            type="button"
            className="quiet-button file-cancel"
            aria-label={t('files.cancel', { name: file.name })}
            onClick={() => transfer.cancel()}
          >
            <X size={16} aria-hidden="true" />
          </button>
        )}
      </div>
      {(state === 'active' || state === 'checking') && (
        <progress max={1} value={share} aria-label={t('files.progress', { name: file.name })} />
      )}
      {incoming && state === 'offered' && (
        <div className="file-actions">
          <button type="button" className="button button-primary button-small" onClick={() => transfer.accept()}>
            {t('files.accept')}
          </button>
          <button type="button" className="button button-small" onClick={() => transfer.cancel()}>
            {t('files.decline')}
          </button>
        </div>
      )}
      {blob && <SaveLink blob={blob} name={file.name} />}
    </div>
  );
}

/** The file is somebody's: it is saved, never shown as a page of this site. */
function SaveLink({ blob, name }: { blob: Blob; name: string }) {
  const { t } = useTranslation();
  const url = useMemo(() => URL.createObjectURL(new Blob([blob], { type: 'application/octet-stream' })), [blob]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return (
    <a className="button button-small file-save" href={url} download={name}>
      <Download size={16} aria-hidden="true" />
      {t('files.save')}
    </a>
  );
}

export function fileSize(bytes: number, language: string): string {
  const [value, unit] =
    bytes >= 1e6 ? [bytes / 1e6, 'megabyte'] : bytes >= 1e3 ? [bytes / 1e3, 'kilobyte'] : [bytes, 'byte'];
  const digits = bytes >= 1e6 && value < 10 ? 1 : 0;
  return new Intl.NumberFormat(language, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: digits,
  }).format(value);
}
