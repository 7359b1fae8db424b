import { Info, type LucideIcon, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

interface NoticeProps {
  tone?: 'info' | 'warning';
  icon?: LucideIcon;
  heading: string;
  children?: ReactNode;
  action?: ReactNode;
}

/** Something to know, with the way on. */
export function Notice({ tone = 'info', icon, heading, children, action }: NoticeProps) {
  const Icon = icon ?? (tone === 'warning' ? TriangleAlert : Info);
  return (
    <div className={`notice notice-${tone}`} role={tone === 'warning' ? 'alert' : 'status'}>
      <Icon size={20} aria-hidden="true" />
      <div className="notice-body">
        <strong>{heading}</strong>
        {children && <p>{children}</p>}
        {action && <div className="notice-action">{action}</div>}
      </div>
    </div>
  );
}
