import type { RoomInfo } from '@efir/client';
import { ArrowRight, Users } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { roomLabel } from './room-id.js';
import { useRooms } from './use-rooms.js';

export function RoomList() {
  const { t } = useTranslation();
  const view = useRooms();
  const rooms = view.state === 'loading' ? [] : (view.rooms ?? []);
  const sorted = [...rooms].sort((a, b) => b.participants - a.participants || b.createdAt - a.createdAt);
  return (
    <section className="rooms" aria-labelledby="rooms-heading">
      <h2 id="rooms-heading">
        <span className="on-air" data-live={rooms.some(({ participants }) => participants > 0)} aria-hidden="true" />
        {t('home.rooms')}
      </h2>
      <p className="rooms-status" role="status">
        {view.state === 'loading' && t('home.loading')}
        {view.state === 'failed' && t('home.failed')}
      </p>
      {view.state === 'ready' && rooms.length === 0 && (
        <div className="rooms-empty">
          <p>{t('home.empty')}</p>
          <p className="faint">{t('home.emptyHint')}</p>
        </div>
      )}
      <ul className="room-list">
        {sorted.map((room) => (
          <li key={room.id}>
            <RoomCard room={room} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function RoomCard({ room }: { room: RoomInfo }) {
  const { t } = useTranslation();
  return (
    <Link href={`/room/${room.id}`} className="room-card">
      <span className="room-card-name">{room.settings?.title || roomLabel(room.id)}</span>
      <span className="room-card-people">
        <Users size={16} aria-hidden="true" />
        {t('home.people', { count: room.participants })}
      </span>
      <ArrowRight className="room-card-arrow" size={18} aria-hidden="true" />
    </Link>
  );
}
