import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useTranslation } from 'react-i18next';

interface PageTurnerProps {
  page: number;
  pages: number;
  turn: (by: number) => void;
}

/** Arrows and the number of the page; nothing where there is only one. */
export function PageTurner({ page, pages, turn }: PageTurnerProps) {
  const { t } = useTranslation();
  if (pages < 2) return null;
  return (
    <nav className="page-turner" aria-label={t('view.pages')}>
      <button type="button" aria-label={t('view.previous')} disabled={page === 0} onClick={() => turn(-1)}>
        <ChevronLeft size={22} aria-hidden="true" />
      </button>
      <span role="status" aria-label={t('view.pageOf', { page: page + 1, pages })}>
        {page + 1} / {pages}
      </span>
      <button type="button" aria-label={t('view.next')} disabled={page === pages - 1} onClick={() => turn(1)}>
        <ChevronRight size={22} aria-hidden="true" />
      </button>
    </nav>
  );
}
