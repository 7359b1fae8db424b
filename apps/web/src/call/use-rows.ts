import { type UIEvent, useLayoutEffect, useRef, useState } from 'react';

/** Up to so many rows are all in the page. */
const ALL_UP_TO = 40;
/** Rows beyond what is in sight, at either end. */
const SPARE = 6;

/** Which rows of a long list are near what is in sight of it: `first` to (not including) `last`. Rows are of one height. */
export function useRows(count: number, rowPx: number) {
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(0);
  useLayoutEffect(() => {
    if (!list.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setHeight(entry.contentRect.height);
    });
    observer.observe(list.current);
    return () => observer.disconnect();
  }, []);
  // In steps, so that scrolling doesn't render for every pixel.
  const onScroll = ({ currentTarget }: UIEvent<HTMLElement>) => setTop(Math.floor(currentTarget.scrollTop / rowPx));
  return { list, onScroll, ...rowsInSight(count, top, Math.ceil(height / rowPx)) };
}

export function rowsInSight(count: number, top: number, visible: number): { first: number; last: number } {
  if (count <= ALL_UP_TO) return { first: 0, last: count };
  const first = Math.max(0, Math.min(top, count - visible) - SPARE);
  return { first, last: Math.min(count, first + visible + 2 * SPARE) };
}
