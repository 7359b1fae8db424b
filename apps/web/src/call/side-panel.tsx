import { X } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../ui/icon-button.js';

interface SidePanelProps {
  name: 'people' | 'chat' | 'charts';
  label: string;
  heading: ReactNode;
  onClose: () => void;
  children: ReactNode;
  /** Takes the focus by itself. */
  ownFocus?: boolean;
}

/** Beside the pictures; on a phone a sheet over them. */
export function SidePanel({ name, label, heading, onClose, children, ownFocus }: SidePanelProps) {
  const { t } = useTranslation();
  const element = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!ownFocus) element.current?.focus();
  }, [ownFocus]);
  return (
    <aside ref={element} className={`side-panel ${name}-panel`} aria-label={label} tabIndex={-1}>
      <header>
        <h2>{heading}</h2>
        <IconButton icon={X} label={t('common.close')} className="small-button" onClick={onClose} />
      </header>
      {children}
    </aside>
  );
}
