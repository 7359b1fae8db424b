import type { ClusterRoom, ClusterView } from '@efir/protocol';
import { Eye, type LucideIcon, Users } from 'lucide-react';
import { useTranslation } from 'react-i18next';

const MOST = 100;
const MOST_NODES = 12;

/** Two calls may have one name until their homes know of each other. */
export const roomKey = ({ id, home }: ClusterRoom): string => `${id} ${home}`;

interface RoomsTableProps {
  view: ClusterView;
  /** Its key. */
  chosen: string | null;
  onChoose(room: string | null): void;
}

/** The largest first; one that is pressed is the only one on the map. */
export function RoomsTable({ view, chosen, onChoose }: RoomsTableProps) {
  const { t } = useTranslation();
  const sorted = view.rooms
    .map((room) => ({ room, viewers: sum(room, 'viewers'), participants: sum(room, 'participants') }))
    .sort((a, b) => b.viewers + b.participants - (a.viewers + a.participants) || (a.room.id < b.room.id ? -1 : 1));
  return (
    <section className="admin-card" aria-labelledby="admin-rooms">
      <h2 id="admin-rooms">{t('admin.rooms')}</h2>
      {sorted.length === 0 ? (
        <p className="faint">{t('admin.noRooms')}</p>
      ) : (
        <div className="table-frame">
          <table className="admin-table">
            <thead>
              <tr>
                <th scope="col">{t('admin.room')}</th>
                <th scope="col">{t('admin.kind')}</th>
                <th scope="col">{t('admin.home')}</th>
                <th scope="col">{t('admin.publishers')}</th>
                <th scope="col">{t('admin.viewers')}</th>
                <th scope="col">{t('admin.participants')}</th>
                <th scope="col">{t('admin.where')}</th>
              </tr>
            </thead>
            <tbody>
              {sorted.slice(0, MOST).map(({ room, viewers, participants }) => (
                <tr key={roomKey(room)} data-room={room.id}>
                  <th scope="row">
                    <button
                      type="button"
                      className="link"
                      aria-pressed={roomKey(room) === chosen}
                      onClick={() => onChoose(roomKey(room) === chosen ? null : roomKey(room))}
                    >
                      {room.id}
                    </button>
                  </th>
                  <td>{t(`admin.kind_${room.kind}`)}</td>
                  <td>{room.home ?? t('admin.noHome')}</td>
                  <td>{room.publishers}</td>
                  <td>{viewers}</td>
                  <td>{participants}</td>
                  <td>
                    <Parts room={room} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {sorted.length > MOST && <p className="faint">{t('admin.more', { count: sorted.length - MOST })}</p>}
    </section>
  );
}

function Parts({ room }: { room: ClusterRoom }) {
  const { t } = useTranslation();
  const more = room.nodes.length - MOST_NODES;
  return (
    <ul className="parts">
      {room.nodes.slice(0, MOST_NODES).map(({ node, viewers, participants, depth }) => (
        <li
          key={node}
          className="chip part"
          title={room.kind === 'broadcast' ? t('admin.depth', { count: depth }) : undefined}
        >
          {node}
          <Heads icon={Eye} name={t('admin.viewers')} count={viewers} />
          <Heads icon={Users} name={t('admin.participants')} count={participants} />
        </li>
      ))}
      {more > 0 && <li>{t('admin.more', { count: more })}</li>}
    </ul>
  );
}

function Heads({ icon: Icon, name, count }: { icon: LucideIcon; name: string; count: number }) {
  if (count === 0) return null;
  return (
    <b title={name}>
      <Icon size={13} aria-hidden="true" />
      <span className="visually-hidden">{name}</span> {count}
    </b>
  );
}

function sum(room: ClusterRoom, figure: 'viewers' | 'participants'): number {
  return room.nodes.reduce((total, part) => total + part[figure], 0);
}
