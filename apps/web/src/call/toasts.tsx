import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useRef, useState } from 'react';

export interface Toast {
  id: number;
  text: string;
  tone: 'quiet' | 'warning';
}

const SHOWN_MS = { quiet: 4_500, warning: 9_000 } as const;
/** More at a time would be noise. */
const MOST = 4;

type Say = (text: string, tone?: Toast['tone']) => void;
const Context = createContext<Say>(() => {});

/** Says something in passing: on the screen for a moment, and to screen readers. */
export const useSay = (): Say => use(Context);

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const next = useRef(0);
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());
  useEffect(() => {
    const running = timers.current;
    return () => {
      for (const timer of running) clearTimeout(timer);
    };
  }, []);
  const say = useCallback<Say>((text, tone = 'quiet') => {
    const id = next.current++;
    setToasts((all) => [...all.filter((toast) => toast.text !== text), { id, text, tone }].slice(-MOST));
    const timer = setTimeout(() => {
      timers.current.delete(timer);
      setToasts((all) => all.filter((toast) => toast.id !== id));
    }, SHOWN_MS[tone]);
    timers.current.add(timer);
  }, []);
  const list = useMemo(
    () => (
      <div className="toasts" role="log" aria-live="polite" aria-relevant="additions">
        {toasts.map(({ id, text, tone }) => (
          <p key={id} className={`toast toast-${tone}`}>
            {text}
          </p>
        ))}
      </div>
    ),
    [toasts],
  );
  return (
    <Context value={say}>
      {children}
      {list}
    </Context>
  );
}
