import type { LucideIcon } from 'lucide-react';
import type { ComponentProps } from 'react';

interface IconButtonProps extends ComponentProps<'button'> {
  icon: LucideIcon;
  /** For screen readers, and as the tooltip. */
  label: string;
  /** Key that does the same, shown in the tooltip. */
  shortcut?: string;
  tone?: 'plain' | 'off' | 'active' | 'danger';
  /** Shown beside the icon where there is space. */
  text?: string;
}

export function IconButton({ icon: Icon, label, shortcut, tone = 'plain', text, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      className={`icon-button tone-${tone} ${className ?? ''}`}
      aria-label={label}
      aria-keyshortcuts={shortcut}
      data-tooltip={shortcut ? `${label} (${shortcut})` : label}
      {...rest}
    >
      <Icon size={22} strokeWidth={1.9} aria-hidden="true" />
      {text !== undefined && <span className="icon-button-text">{text}</span>}
    </button>
  );
}
