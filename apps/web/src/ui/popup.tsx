import type { LucideIcon } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { IconButton } from './icon-button.js';

interface PopupProps {
  icon: LucideIcon;
  label: string;
  className?: string;
  /** What is in it; `close` shuts it and gives the focus back to the button. */
  children: (close: () => void) => ReactNode;
}

/** A button with something above it while it is pressed. Escape, a click elsewhere or the button shut it. */
export function Popup({ icon, label, className, children }: PopupProps) {
  const [open, setOpen] = useState(false);
  const element = useRef<HTMLDivElement>(null);
  const id = useId();
  const close = () => {
    setOpen(false);
    element.current?.querySelector<HTMLElement>('button')?.focus();
  };
  useEffect(() => {
    if (!open) return;
    element.current?.querySelector<HTMLElement>('.popup button')?.focus();
    const outside = (event: Event) => {
      if (!element.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
    };
  }, [open]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape reaches it from whatever has the focus inside.
    <div
      ref={element}
      className={`popup-anchor ${className ?? ''}`}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.stopPropagation();
        close();
      }}
    >
      <IconButton
        icon={icon}
        label={label}
        tone={open ? 'active' : 'plain'}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      />
      {open && (
        <div className="popup" id={id}>
          {children(close)}
        </div>
      )}
    </div>
  );
}
