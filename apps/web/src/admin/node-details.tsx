import type { ClusterNode } from '@efir/protocol';
import { Power, PowerOff } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Figures, fullness, meters } from './figures.js';

interface NodeDetailsProps {
  node: ClusterNode;
  self: boolean;
  onDrain(): void;
  /** It is to take viewers again. */
  onUse(): void;
}

/** All that is known of one node, and the way to take it out. */
export function NodeDetails({ node, self, onDrain, onUse }: NodeDetailsProps) {
  const { t } = useTranslation();
  const figures = new Figures(t);
  const { load, limits, workers } = node;
  const heading = `node-${node.id}`;
  return (
    <section className="admin-card node-details" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>{node.id}</h2>
        {self && <span className="chip">{t('admin.self')}</span>}
      </header>
      <NodeState node={node} />
      {load ? (
        <ul className="meters">
          {meters(node, figures, t).map(({ name, text, share }) => (
            <li key={name}>
              <span>{name}</span>
              <span>{text}</span>
              {share !== null && (
                <span className="meter" data-full={fullness(share)} aria-hidden="true">
                  <span style={{ inlineSize: `${Math.min(100, share * 100)}%` }} />
                </span>
              )}
            </li>
          ))}
        </ul>
      ) : (
        <p className="faint">{t('admin.noReport')}</p>
      )}
      <dl className="figures">
        {load && (
          <>
            <dt>{t('admin.busiest')}</dt>
            <dd>{figures.share(load.loop)}</dd>
            <dt>{t('admin.streams')}</dt>
            <dd>{figures.of(load.streams, limits.streams)}</dd>
            <dt>{t('admin.participants')}</dt>
            <dd>{load.participants}</dd>
            <dt>{t('admin.rooms')}</dt>
            <dd>{load.rooms}</dd>
            <dt>{t('admin.received')}</dt>
            <dd>{figures.rate(load.receiveBps)}</dd>
            <dt>{t('admin.memory')}</dt>
            <dd>{figures.bytes(load.rssBytes)}</dd>
          </>
        )}
        {node.region && (
          <>
            <dt>{t('admin.region')}</dt>
            <dd>{node.region}</dd>
          </>
        )}
        <dt>{t('admin.version')}</dt>
        <dd>{node.version}</dd>
        <dt>{t('admin.address')}</dt>
        <dd>{node.url}</dd>
      </dl>
      {workers.length > 0 && <WorkerTable node={node} />}
      {node.draining ? (
        <button type="button" className="button" onClick={onUse}>
          <Power size={18} aria-hidden="true" />
          {t('admin.use')}
        </button>
      ) : (
        <button type="button" className="button" onClick={onDrain}>
          <PowerOff size={18} aria-hidden="true" />
          {t('admin.drain')}
        </button>
      )}
    </section>
  );
}

/** In words, with the reason. */
export function NodeState({ node }: { node: ClusterNode }) {
  const { t } = useTranslation();
  const state = node.isolated ? 'isolated' : node.draining ? 'draining' : 'up';
  return (
    <p className="node-state" data-state={state}>
      <span className="node-light" aria-hidden="true" />
      <span>
        {new Figures(t).state(node)}
        {node.isolated && <small>{node.isolated}</small>}
      </span>
    </p>
  );
}

function WorkerTable({ node: { workers } }: { node: ClusterNode }) {
  const { t } = useTranslation();
  const figures = new Figures(t);
  return (
    <div className="table-frame">
      <table className="admin-table">
        <thead>
          <tr>
            <th scope="col">{t('admin.worker')}</th>
            <th scope="col">{t('admin.cpu')}</th>
            <th scope="col">{t('admin.sent')}</th>
            <th scope="col">{t('admin.connections')}</th>
          </tr>
        </thead>
        <tbody>
          {workers.map(({ index, port, cpu, sendBps, transports }) => (
            <tr key={index}>
              <th scope="row" title={`${t('admin.port')} ${port}`}>
                {index}
              </th>
              <td>{figures.share(cpu)}</td>
              <td>{figures.rate(sendBps)}</td>
              <td>{transports}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
