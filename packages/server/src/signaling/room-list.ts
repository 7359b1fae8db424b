/**
 * `share-rooms` of the classic protocol: tells every socket on its connection, and all of them on each change, which rooms
 * somebody is in. It goes to many at once: bursts of changes are one, and the more there is to send the less often it is.
 */
import { ClassicRoomId, type ClassicServerEvents } from '@efir/protocol';
import type { Namespace, Socket } from 'socket.io';
import type { Room } from '../rooms/room.js';
import type { Rooms } from '../rooms/rooms.js';
import { deliver } from './delivery.js';

/** Rooms that are told of at most, the oldest ones. */
const MAX_LISTED = 1000;
/** Between two rounds at least. */
const MIN_INTERVAL_MS = 50;
/** A round to so many sockets, or of so many bytes, may be so often: about a tenth of a core, and 10 MB/s. */
const MS_PER_SOCKET = 0.1;
const BYTES_PER_MS = 10_000;
/** Of one room in the list. */
const BYTES_PER_ROOM = 39;
/** Sockets told in one turn of the loop. */
const BATCH = 100;

export class RoomList {
  readonly #namespace: Namespace;
  readonly #rooms = new Set<string>();
  #payload: ClassicServerEvents['share-rooms'] | null = null;
  #timer: NodeJS.Timeout | null = null;
  #telling = false;
  #changed = false;
  #lastMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(namespace: Namespace, rooms: Rooms) {
    this.#namespace = namespace;
    rooms.on('membership', (room) => this.#update(room));
  }

  welcome(socket: Socket): void {
    deliver(socket, 'share-rooms', this.#list());
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #list(): ClassicServerEvents['share-rooms'] {
    this.#payload ??= { rooms: [...this.#rooms].slice(0, MAX_LISTED) };
    return this.#payload;
  }

  #update({ id, participants }: Room): void {
    const listed = participants.size > 0;
    if (listed === this.#rooms.has(id) || !ClassicRoomId.safeParse(id).success) return;
    if (listed) this.#rooms.add(id);
    else this.#rooms.delete(id);
    this.#payload = null;
    this.#changed = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer || this.#telling || this.#closed) return;
    const sockets = this.#namespace.sockets.size;
    const bytes = sockets * this.#list().rooms.length * BYTES_PER_ROOM;
    const interval = Math.max(MIN_INTERVAL_MS, sockets * MS_PER_SOCKET, bytes / BYTES_PER_MS);
    this.#timer = setTimeout(() => this.#tell(), Math.max(0, this.#lastMs + interval - performance.now()));
  }

  #tell(): void {
    this.#timer = null;
    this.#changed = false;
    this.#telling = true;
    this.#lastMs = performance.now();
    const payload = this.#list();
    const sockets = [...this.#namespace.sockets.values()];
    let at = 0;
    const batch = (): void => {
      for (const end = at + BATCH; at < end && at < sockets.length; at++) deliver(sockets[at], 'share-rooms', payload);
      if (at < sockets.length && !this.#closed) {
        setImmediate(batch);
        return;
      }
      this.#telling = false;
      if (this.#changed) this.#schedule();
    };
    batch();
  }
}
