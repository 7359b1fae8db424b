import type { Participant } from '@efir/client';
import { useRoom, useRoomData } from '@efir/react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

export const REACTIONS = ['👍', '❤️', '😂', '😮', '👏', '🎉'] as const;

/** Emojis to send. */
export function ReactionButtons({ onSent }: { onSent: () => void }) {
  const { t } = useTranslation();
  const { data } = useRoom();
  return (
    <fieldset className="reaction-buttons">
      <legend className="visually-hidden">{t('call.reactions')}</legend>
      {REACTIONS.map((emoji) => (
        <button
          key={emoji}
          type="button"
          aria-label={t('call.react', { emoji })}
          onClick={() => {
            data.react(emoji);
            onSent();
          }}
        >
          {emoji}
        </button>
      ))}
    </fieldset>
  );
}

const SHOWN_MS = 4_000;
/** At a time, on one tile. */
const MOST = 5;

/** What this participant reacts with, for a moment. */
export function TileReactions({ participant }: { participant: Participant }) {
  const [shown, setShown] = useState<{ key: number; emoji: string }[]>([]);
  const next = useRef(0);
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());
  useEffect(() => {
    const running = timers.current;
    return () => {
      for (const timer of running) clearTimeout(timer);
    };
  }, []);
  useRoomData('reaction', ({ participant: id, emoji }) => {
    if (id !== participant.id) return;
    const key = next.current++;
    setShown((all) => [...all, { key, emoji }].slice(-MOST));
    const timer = setTimeout(() => {
      timers.current.delete(timer);
      setShown((all) => all.filter((one) => one.key !== key));
    }, SHOWN_MS);
    timers.current.add(timer);
  });
  return (
    <div className="tile-reactions" aria-hidden="true">
      {shown.map(({ key, emoji }) => (
        <span key={key} style={{ left: `${20 + ((key * 37) % 60)}%` }}>
          {emoji}
        </span>
      ))}
    </div>
  );
}
