import type { ClusterView } from '@efir/protocol';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Segmented } from '../settings/segmented.js';
import { ClusterMap } from './cluster-map.js';
import { ClusterTables } from './cluster-tables.js';
import { DrainDialog } from './drain-dialog.js';
import { NodeDetails } from './node-details.js';
import { RoomsTable, roomKey } from './rooms-table.js';
import { drain } from './use-cluster.js';

/** Map or table, the node that was chosen, and the rooms. */
export function ClusterBoard({ view, token }: { view: ClusterView; token: string }) {
  const { t } = useTranslation();
  const [shown, setShown] = useState<'map' | 'table'>('map');
  const [node, setNode] = useState(view.self);
  const [room, setRoom] = useState<string | null>(null);
  const [draining, setDraining] = useState<string | null>(null);
  const [told, setTold] = useState('');
  const find = (id: string | null) => view.nodes.find((one) => one.id === id);
  const chosen = find(node) ?? find(view.self) ?? view.nodes[0];
  const only = view.rooms.find((one) => roomKey(one) === room) ?? null;
  const toDrain = find(draining);
  const tell = (done: string, node: string, failure: string | null) =>
    setTold(failure === null ? t(done, { node }) : t('admin.drainFailed', { node, reason: failure }));
  const use = async (id: string) => tell('admin.used', id, await drain(id, token, false));
  return (
    <>
      <div className="admin-board">
        <section className="admin-card admin-map-card" aria-label={t('admin.nodes')}>
          <div className="admin-card-head">
            <Segmented
              label={t('admin.show')}
              options={{ map: t('admin.asMap'), table: t('admin.asTable') }}
              value={shown}
              onChange={setShown}
            />
            {only && (
              <p className="only-room">
                {t('admin.onlyRoom', { room: only.id })}
                <button type="button" className="button button-small" onClick={() => setRoom(null)}>
                  {t('admin.allRooms')}
                </button>
              </p>
            )}
          </div>
          {shown === 'map' ? (
            <ClusterMap view={view} room={only} chosen={chosen?.id ?? ''} onChoose={setNode} />
          ) : (
            <ClusterTables view={view} chosen={chosen?.id ?? ''} onChoose={setNode} />
          )}
        </section>
        {chosen && (
          <NodeDetails
            node={chosen}
            self={chosen.id === view.self}
            onDrain={() => setDraining(chosen.id)}
            onUse={() => void use(chosen.id)}
          />
        )}
      </div>
      <p className="admin-told" role="status">
        {told}
      </p>
      <RoomsTable view={view} chosen={only && roomKey(only)} onChoose={setRoom} />
      {toDrain && (
        <DrainDialog
          node={toDrain}
          token={token}
          last={!view.nodes.some((one) => one.id !== toDrain.id && !one.draining && !one.isolated)}
          onDone={(outcome) => {
            setDraining(null);
            if (outcome) tell('admin.drained', outcome.node, outcome.failure);
          }}
        />
      )}
    </>
  );
}
