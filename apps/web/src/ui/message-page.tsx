import type { ReactNode } from 'react';
import { PageHeader } from './page-header.js';

/** A page that says one thing and offers a way on. */
export function MessagePage({ heading, text, children }: { heading: string; text?: ReactNode; children?: ReactNode }) {
  return (
    <div className="page">
      <PageHeader />
      <main className="message">
        <h1>{heading}</h1>
        {text && <p className="message-text">{text}</p>}
        <div className="message-actions">{children}</div>
      </main>
    </div>
  );
}
