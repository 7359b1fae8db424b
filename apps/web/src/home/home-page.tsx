import { Video } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { PageHeader } from '../ui/page-header.js';
import { newRoomId, parseRoomId } from './room-id.js';
import { RoomList } from './room-list.js';

export function HomePage() {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const [typed, setTyped] = useState('');
  const [invalid, setInvalid] = useState(false);
  const id = useId();
  const join = (event: FormEvent) => {
    event.preventDefault();
    const room = parseRoomId(typed);
    if (room) go(`/room/${room}`);
    else setInvalid(true);
  };
  return (
    <div className="page">
      <PageHeader />
      <main className="home">
        <section className="hero">
          <h1>{t('home.heading')}</h1>
          <p className="lead">{t('home.lead')}</p>
          <div className="hero-actions">
            <button
              type="button"
              className="button button-primary button-large"
              onClick={() => go(`/room/${newRoomId()}`)}
            >
              <Video size={20} aria-hidden="true" />
              {t('home.new')}
            </button>
            <form className="join-form" onSubmit={join}>
              <label htmlFor={id} className="visually-hidden">
                {t('home.joinLabel')}
              </label>
              <input
                id={id}
                value={typed}
                placeholder={t('home.joinPlaceholder')}
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                aria-invalid={invalid}
                aria-describedby={invalid ? `${id}-error` : undefined}
                onChange={(event) => {
                  setTyped(event.target.value);
                  setInvalid(false);
                }}
              />
              <button type="submit" className="button" disabled={typed.trim() === ''}>
                {t('home.join')}
              </button>
            </form>
          </div>
          {invalid && (
            <p className="field-error" id={`${id}-error`} role="alert">
              {t('home.joinInvalid')}
            </p>
          )}
        </section>
        <RoomList />
      </main>
    </div>
  );
}
