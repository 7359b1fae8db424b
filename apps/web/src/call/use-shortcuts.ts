import { useEffect, useRef } from 'react';

/** By the key's place, so that they work with any keyboard layout: M is M under Russian letters too. */
export interface Shortcuts {
  KeyM: () => void;
  KeyV: () => void;
  KeyS: () => void;
  KeyH: () => void;
  KeyC: () => void;
}

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest('input, select, textarea, [contenteditable], dialog') !== null;

export function useShortcuts(shortcuts: Shortcuts): void {
  const newest = useRef(shortcuts);
  useEffect(() => {
    newest.current = shortcuts;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target)) return;
      const action = newest.current[event.code as keyof Shortcuts];
      if (!action || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      action();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}
