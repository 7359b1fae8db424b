import type { ClusterView } from '@efir/protocol';
import { LogOut } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Notice } from '../ui/notice.js';
import { PageHeader } from '../ui/page-header.js';
import { ClusterBoard } from './cluster-board.js';
import { Figures } from './figures.js';
import { TokenForm } from './token-form.js';
import { type ClusterState, useCluster } from './use-cluster.js';

const KEY = 'efir.admin-token';

function kept(): string {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

function keep(token: string): void {
  try {
    if (token) sessionStorage.setItem(KEY, token);
    else sessionStorage.removeItem(KEY);
  } catch {
    // Then until the page is loaded anew.
  }
}

/** `/admin`: the cluster, for whoever has the token. */
export function AdminPage() {
  const { t } = useTranslation();
  const [token, setToken] = useState(kept);
  const [trouble, setTrouble] = useState<string | null>(null);
  useEffect(() => {
    document.title = `${t('admin.heading')} · ${t('app.name')}`;
  }, [t]);
  const change = (to: string, why: string | null) => {
    keep(to);
    setToken(to);
    setTrouble(why);
  };
  return (
    <div className="page admin">
      <PageHeader />
      {token ? (
        <Cluster
          token={token}
          onSignOut={() => change('', null)}
          onRefused={({ at, reason }) => change('', at === 'off' ? t('admin.off') : t('admin.wrong', { reason }))}
        />
      ) : (
        <main className="admin-door">
          <TokenForm trouble={trouble} onToken={(given) => change(given, null)} />
        </main>
      )}
    </div>
  );
}

interface ClusterProps {
  token: string;
  onSignOut(): void;
  onRefused(state: ClusterState): void;
}

function Cluster({ token, onSignOut, onRefused }: ClusterProps) {
  const { t } = useTranslation();
  const state = useCluster(token);
  const { at, view, seenAt } = state;
  const refused = at === 'wrong-token' || at === 'off';
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it is refused.
  useEffect(() => {
    if (refused) onRefused(state);
  }, [refused]);
  return (
    <main className="admin-main">
      <div className="admin-head">
        <h1>{t('admin.heading')}</h1>
        {view && <Totals view={view} />}
        <button type="button" className="button button-small" onClick={onSignOut}>
          <LogOut size={16} aria-hidden="true" />
          {t('admin.signOut')}
        </button>
      </div>
      {at === 'asking' && <p role="status">{t('admin.loading')}</p>}
      {at === 'failed' && <Failed seenAt={seenAt} />}
      {view && !view.available && (
        <Notice tone="warning" heading={t('admin.noRedis')}>
          {t('admin.noRedisHint')}
        </Notice>
      )}
      {view && <ClusterBoard view={view} token={token} />}
    </main>
  );
}

function Failed({ seenAt }: { seenAt: number }) {
  const { t } = useTranslation();
  const seconds = Math.round((Date.now() - seenAt) / 1000);
  return (
    <Notice tone="warning" heading={t('admin.failed')}>
      {seenAt === 0 ? t('admin.failedFirst') : t('admin.failedHint', { seconds })}
    </Notice>
  );
}

function Totals({ view }: { view: ClusterView }) {
  const { t } = useTranslation();
  const sum = (figure: 'viewers' | 'participants' | 'sendBps') =>
    view.nodes.reduce((total, { load }) => total + (load?.[figure] ?? 0), 0);
  const figures: [string, string | number][] = [
    [t('admin.nodes'), view.nodes.length],
    [t('admin.rooms'), view.rooms.length],
    [t('admin.viewers'), sum('viewers')],
    [t('admin.participants'), sum('participants')],
    [t('admin.sent'), new Figures(t).rate(sum('sendBps'))],
  ];
  return (
    <dl className="totals">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
