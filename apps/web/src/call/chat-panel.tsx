import type { ChatMessage } from '@efir/client';
import { useChat, useFiles, useRoom } from '@efir/react';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { textParts } from './chat-text.js';
import { Compose } from './compose.js';
import { FileCard } from './file-card.js';
import { SidePanel } from './side-panel.js';
import { type Entry, timeline } from './timeline.js';

export function ChatPanel({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const entries = timeline(useChat(), useFiles());
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const length = entries.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the new entry that moves the list.
  useLayoutEffect(() => {
    if (atEnd.current && list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [length]);
  useEffect(() => {
    // A card grows when it gets a button or a bar.
    const element = list.current;
    if (!element?.firstElementChild) return;
    const observer = new ResizeObserver(() => {
      if (atEnd.current) element.scrollTop = element.scrollHeight;
    });
    observer.observe(element.firstElementChild);
    return () => observer.disconnect();
  }, []);
  return (
    <SidePanel name="chat" label={t('chat.heading')} heading={t('chat.heading')} onClose={onClose} ownFocus>
      <div
        ref={list}
        className="chat-list"
        role="log"
        aria-label={t('chat.messages')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard.
        tabIndex={0}
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
          atEnd.current = scrollTop + clientHeight > scrollHeight - 40;
        }}
      >
        <div className="chat-entries">
          {length === 0 && <p className="chat-empty">{t('chat.empty')}</p>}
          {entries.map((entry, index) => (
            <EntryView key={entry.id} entry={entry} before={entries[index - 1]} />
          ))}
        </div>
      </div>
      <Compose />
    </SidePanel>
  );
}

/** Further messages of one person within this time go without their name, ms. */
const TOGETHER_MS = 120_000;

function EntryView({ entry, before }: { entry: Entry; before: Entry | undefined }) {
  const { t, i18n } = useTranslation();
  const { local } = useRoom();
  const own = entry.from === local.id || entry.from === null;
  const together = before !== undefined && before.from === entry.from && entry.at - before.at < TOGETHER_MS;
  const time = new Intl.DateTimeFormat(i18n.language, { hour: 'numeric', minute: '2-digit' }).format(entry.at);
  return (
    <div className="chat-entry" data-own={own || undefined} data-together={together || undefined}>
      {!together && (
        <p className="chat-head">
          <strong>{own ? t('common.you') : entry.name}</strong>
          <time dateTime={new Date(entry.at).toISOString()}>{time}</time>
        </p>
      )}
      {'message' in entry ? <Words message={entry.message} /> : <FileCard transfers={entry.transfers} />}
    </div>
  );
}

function Words({ message }: { message: ChatMessage }) {
  return (
    <p className="chat-text" dir="auto">
      {textParts(message.text).map(({ text, href }, index) =>
        href ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a message don't change.
          <a key={index} href={href} target="_blank" rel="noopener noreferrer nofollow">
            {text}
          </a>
        ) : (
          text
        ),
      )}
    </p>
  );
}
