import { KeyRound } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';

/** `trouble`: why the token from before doesn't do. */
export function TokenForm({ trouble, onToken }: { trouble: string | null; onToken(token: string): void }) {
  const { t } = useTranslation();
  const id = useId();
  const [typed, setTyped] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const token = typed.trim();
    if (token) onToken(token);
  };
  return (
    <form className="admin-card token-form" onSubmit={submit}>
      <h1>{t('admin.heading')}</h1>
      <div className="field">
        <label htmlFor={id}>{t('admin.token')}</label>
        <input
          id={id}
          type="password"
          value={typed}
          autoComplete="off"
          aria-invalid={trouble !== null}
          aria-describedby={`${id}-hint ${id}-error`}
          onChange={(event) => setTyped(event.target.value)}
        />
        <p id={`${id}-hint`} className="faint">
          {t('admin.tokenHint')}
        </p>
        <p id={`${id}-error`} className="field-error" role="alert">
          {trouble}
        </p>
      </div>
      <button type="submit" className="button button-primary" disabled={typed.trim() === ''}>
        <KeyRound size={18} aria-hidden="true" />
        {t('admin.open')}
      </button>
    </form>
  );
}
