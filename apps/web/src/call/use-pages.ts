import { type RefObject, useEffect, useRef, useState } from 'react';

const SWIPE_PX = 60;

const elsewhere = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.closest('input, select, textarea, [contenteditable], dialog, .popup, .side-panel, [role="toolbar"]') !== null;

/** A page number with what turns it: arrow and page keys, swipes over `element`, and the caller's own buttons. */
export function usePages(element: RefObject<HTMLElement | null>, pages: number) {
  const [wanted, setPage] = useState(0);
  const page = Math.max(0, Math.min(wanted, pages - 1));
  const turn = (by: number) => setPage(Math.max(0, Math.min(pages - 1, page + by)));
  const newest = useRef(turn);
  useEffect(() => {
    newest.current = turn;
  });
  const many = pages > 1;
  useEffect(() => {
    if (!many) return;
    const onKey = (event: KeyboardEvent) => {
      const { key, target } = event;
      const back = key === 'ArrowLeft' || key === 'PageUp';
      if (!back && key !== 'ArrowRight' && key !== 'PageDown') return;
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || elsewhere(target)) return;
      if (document.querySelector('dialog[open]')) return;
      event.preventDefault();
      newest.current(back ? -1 : 1);
    };
    let start: { x: number; y: number } | null = null;
    const onDown = ({ isPrimary, pointerType, clientX: x, clientY: y }: PointerEvent) => {
      start = isPrimary && pointerType !== 'mouse' ? { x, y } : null;
    };
    const onUp = ({ clientX, clientY }: PointerEvent) => {
      if (!start) return;
      const across = clientX - start.x;
      if (Math.abs(across) > SWIPE_PX && Math.abs(across) > 2 * Math.abs(clientY - start.y)) {
        newest.current(across > 0 ? -1 : 1);
      }
      start = null;
    };
    const surface = element.current;
    document.addEventListener('keydown', onKey);
    surface?.addEventListener('pointerdown', onDown);
    surface?.addEventListener('pointerup', onUp);
    return () => {
      document.removeEventListener('keydown', onKey);
      surface?.removeEventListener('pointerdown', onDown);
      surface?.removeEventListener('pointerup', onUp);
    };
  }, [many, element]);
  return { page, turn, setPage };
}
