import type { ClusterView } from '@efir/protocol';
import { useTranslation } from 'react-i18next';
import { Figures } from './figures.js';
import { NodeState } from './node-details.js';

/** Beyond these a table is of no use to anybody. */
const MOST_LINKS = 300;

interface ClusterTablesProps {
  view: ClusterView;
  chosen: string;
  onChoose(node: string): void;
}

/** What the map shows, in words: nodes and links. */
export function ClusterTables({ view, chosen, onChoose }: ClusterTablesProps) {
  const { t } = useTranslation();
  const figures = new Figures(t);
  return (
    <div className="admin-tables">
      <div className="table-frame">
        <table className="admin-table">
          <caption>{t('admin.nodes')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('admin.node')}</th>
              <th scope="col">{t('admin.state')}</th>
              <th scope="col">{t('admin.region')}</th>
              <th scope="col">{t('admin.cpu')}</th>
              <th scope="col">{t('admin.sent')}</th>
              <th scope="col">{t('admin.viewers')}</th>
              <th scope="col">{t('admin.participants')}</th>
              <th scope="col">{t('admin.workers')}</th>
            </tr>
          </thead>
          <tbody>
            {view.nodes.map((node) => {
              const { id, load, limits, region, workers } = node;
              const bandwidth = limits.bandwidthBps === null ? null : figures.rate(limits.bandwidthBps);
              return (
                <tr key={id} data-node={id}>
                  <th scope="row">
                    <button type="button" className="link" aria-pressed={id === chosen} onClick={() => onChoose(id)}>
                      {id}
                    </button>
                    {id === view.self && <span className="chip">{t('admin.self')}</span>}
                  </th>
                  <td>
                    <NodeState node={node} />
                  </td>
                  <td>{region ?? t('settings.none')}</td>
                  {load ? (
                    <>
                      <td>{figures.share(load.cpu)}</td>
                      <td>{figures.of(figures.rate(load.sendBps), bandwidth)}</td>
                      <td>{figures.of(load.viewers, limits.viewers)}</td>
                      <td>{load.participants}</td>
                    </>
                  ) : (
                    <td colSpan={4}>{t('admin.noReport')}</td>
                  )}
                  <td>{workers.length}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {view.links.length === 0 ? (
        <p className="faint">{t('admin.noLinks')}</p>
      ) : (
        <LinkTable view={view} figures={figures} />
      )}
    </div>
  );
}

function LinkTable({ view, figures }: { view: ClusterView; figures: Figures }) {
  const { t } = useTranslation();
  return (
    <div className="table-frame">
      <table className="admin-table">
        <caption>{t('admin.links')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('admin.from')}</th>
            <th scope="col">{t('admin.to')}</th>
            <th scope="col">{t('admin.room')}</th>
            <th scope="col">{t('admin.state')}</th>
            <th scope="col">{t('admin.rate')}</th>
            <th scope="col">{t('admin.loss')}</th>
            <th scope="col">{t('admin.roundTrip')}</th>
          </tr>
        </thead>
        <tbody>
          {view.links.slice(0, MOST_LINKS).map(({ id, from, to, room, state, bitrateBps, lossShare, rttMs }) => (
            <tr key={`${id} ${from} ${to}`}>
              <th scope="row">{from}</th>
              <td>{to}</td>
              <td>{room}</td>
              <td>{figures.linkState(state)}</td>
              <td>{figures.rate(bitrateBps)}</td>
              <td>{figures.share(lossShare)}</td>
              <td>{figures.ms(rttMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {view.links.length > MOST_LINKS && (
        <p className="faint">{t('admin.more', { count: view.links.length - MOST_LINKS })}</p>
      )}
    </div>
  );
}
