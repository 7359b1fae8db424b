import { CHAT_TEXT_MAX, EfirError, MAX_FILE_BYTES } from '@efir/client';
import { useParticipants, useRoom } from '@efir/react';
import { Paperclip, Send } from 'lucide-react';
import { type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { fileSize } from './file-card.js';
import { useSay } from './toasts.js';

/** Where one writes, and chooses files and whom they are for. */
export function Compose() {
  const { t } = useTranslation();
  const { data } = useRoom();
  const sendFiles = useSendFiles();
  const others = useParticipants().filter((one) => !one.isLocal && !one.classic);
  const [text, setText] = useState('');
  const [to, setTo] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const id = useId();
  // On a phone the keyboard would cover what was written before.
  useEffect(() => {
    if (matchMedia('(hover: hover)').matches) field.current?.focus();
    else field.current?.closest('aside')?.focus();
  }, []);
  const receiver = others.some((person) => person.id === to) ? to : '';

  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (text.trim() === '') return;
    data.sendChat(text);
    setText('');
  };
  const onKey = (event: KeyboardEvent) => {
    // While a word is being composed (Chinese, Japanese, Korean), Enter belongs to that.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  return (
    <form className="compose" onSubmit={submit}>
      <div className="compose-files">
        <button
          type="button"
          className="quiet-button"
          aria-label={t('files.attach')}
          title={t('files.attach')}
          disabled={others.length === 0}
          onClick={() => picker.current?.click()}
        >
          <Paperclip size={18} aria-hidden="true" />
        </button>
        <input
          ref={picker}
          type="file"
          hidden
          multiple
          onChange={({ target }) => {
            sendFiles([...(target.files ?? [])], receiver || null);
            target.value = '';
          }}
        />
        <label htmlFor={`${id}-to`} className="visually-hidden">
          {t('files.to')}
        </label>
        <select
          id={`${id}-to`}
          value={receiver}
          disabled={others.length === 0}
          onChange={({ target }) => setTo(target.value)}
        >
          <option value="">{t('files.toAll')}</option>
          {others.map((person) => (
            <option key={person.id} value={person.id}>
              {t('files.toOne', { name: person.name })}
            </option>
          ))}
        </select>
      </div>
      <div className="compose-text">
        <label htmlFor={id} className="visually-hidden">
          {t('chat.write')}
        </label>
        <textarea
          ref={field}
          id={id}
          rows={1}
          value={text}
          maxLength={CHAT_TEXT_MAX}
          placeholder={t('chat.write')}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={onKey}
        />
        <button
          type="submit"
          className="button button-primary compose-send"
          aria-label={t('chat.send')}
          disabled={text.trim() === ''}
        >
          <Send size={18} aria-hidden="true" />
        </button>
      </div>
    </form>
  );
}

function useSendFiles(): (files: File[], to: string | null) => void {
  const { t, i18n } = useTranslation();
  const say = useSay();
  const { files } = useRoom().data;
  return (chosen, to) => {
    for (const file of chosen) {
      files.send(file, to).catch((error: unknown) => {
        const code = error instanceof EfirError ? error.code : 'internal';
        const most = fileSize(MAX_FILE_BYTES, i18n.language);
        const known = ['too-large', 'not-secure', 'not-found'].includes(code);
        say(t(`files.error_${known ? code : 'unreadable'}`, { name: file.name, most }), 'warning');
      });
    }
  };
}
