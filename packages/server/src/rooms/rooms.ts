/**
 * All rooms of this server. A room comes to be when somebody enters it or its settings are put; it ends with the last one
 * in it, unless its settings were put. Brings the workers' notices to the rooms, and rooms of a lost worker to another.
 */
import { EventEmitter } from 'node:events';
import { RoomSettings } from '@efir/protocol';
import type { Logger } from 'pino';
import { ServerError } from '../errors.js';
import type { MediaEngine } from '../media/engine.js';
import type { MediaWorker } from '../media/workers.js';
import type { TopologyOptions, TopologyStep } from '../topology/control.js';
import type { PullTrunk } from './branches.js';
import type { Nodes } from './nodes/room-nodes.js';
import { participantOfTransport } from './participant.js';
import { roomOfRouter } from './place.js';
import { Room } from './room.js';
import { liveSetting } from './room-topology.js';

export interface RoomsOptions {
  engine: MediaEngine;
  maxRooms: number;
  resumeGraceMs: number;
  topology: TopologyOptions;
  log: Logger;
}

export interface RoomsEvents {
  /** Somebody came into a room or left one. */
  membership: [room: Room];
  /** A viewer came or went. */
  viewers: [room: Room];
  topology: [step: TopologyStep, room: Room];
  closed: [room: Room];
}

export class Rooms extends EventEmitter<RoomsEvents> {
  /** Where calls that begin from now on may have people, too. */
  nodes: Nodes | null = null;
  /** How broadcasts that begin from now on come to further workers of this node. */
  pullTrunk: PullTrunk | null = null;
  readonly #rooms = new Map<string, Room>();
  /** Ids of rooms whose settings were put. */
  readonly #kept = new Set<string>();
  readonly #options: RoomsOptions;
  #closed = false;
  #arrivals = 0;

  constructor(options: RoomsOptions) {
    super();
    this.#options = options;
    const { workers } = options.engine;
    workers.on('worker-lost', (worker) => this.#workerLost(worker));
    // The engine has listened first: it keeps what a worker said.
    workers.on('notice', (worker, notice) => {
      if (notice.type === 'speaker') this.#speakerChanged(notice.router, notice.producer);
      if (notice.type === 'overload') this.#overloadChanged(worker);
    });
  }

  get size(): number {
    return this.#rooms.size;
  }

  list(): Room[] {
    return [...this.#rooms.values()];
  }

  find(id: string): Room | null {
    return this.#rooms.get(id) ?? null;
  }

  /** Throws `not-found`. */
  get(id: string): Room {
    const room = this.#rooms.get(id);
    if (!room) throw new ServerError('not-found', `there is no room ${id}`);
    return room;
  }

  /** The room, made with default settings if it is not there. The caller puts somebody into it, or calls its `checkEmpty`. */
  enter(id: string): Room {
    return this.#rooms.get(id) ?? this.#create(id, RoomSettings.parse({}));
  }

  /** The room, made with these settings if it is not there; as `enter`. */
  open(id: string, settings: RoomSettings, createdAt?: number): Room {
    return this.#rooms.get(id) ?? this.#create(id, settings, createdAt);
  }

  isKept(id: string): boolean {
    return this.#kept.has(id);
  }

  /** Participants and viewers that ever came, in rooms that are gone, too. */
  get arrivals(): number {
    return this.list().reduce((sum, room) => sum + room.arrivals, this.#arrivals);
  }

  /** Makes the room, or changes it, and keeps it. Throws `unsupported`, or `conflict` if somebody in it can't follow. */
  put(id: string, settings: RoomSettings): { room: Room; created: boolean } {
    liveSetting(settings);
    const existing = this.#rooms.get(id);
    existing?.changeSettings(settings);
    const kept = existing?.kind === settings.kind ? existing : null;
    if (existing && !kept) {
      // Nobody is in it. What it is made of is another thing for each kind.
      this.#rooms.delete(id);
      this.#arrivals += existing.arrivals;
      existing.close('the room is of another kind now', true);
    }
    const room = kept ?? this.#create(id, settings);
    this.#kept.add(id);
    return { room, created: !existing };
  }

  /** From now on it ends with the last one in it. */
  unkeep(id: string): void {
    this.#kept.delete(id);
    this.find(id)?.checkEmpty();
  }

  /** Everyone in it is put out. Throws `not-found`. */
  remove(id: string): void {
    const room = this.get(id);
    this.#forget(room);
    room.close('the room was closed', false);
  }

  close(): void {
    this.#closed = true;
    for (const room of this.list()) {
      this.#forget(room);
      room.close('the server is shutting down', true);
    }
  }

  #create(id: string, settings: RoomSettings, createdAt?: number): Room {
    if (this.#closed) throw new ServerError('unavailable', 'the server is shutting down', 5);
    if (this.#rooms.size >= this.#options.maxRooms) {
      throw new ServerError('unavailable', `there are as many rooms as may be (${this.#options.maxRooms})`, 30);
    }
    const { engine, resumeGraceMs, topology, log } = this.#options;
    const room: Room = new Room({
      nodes: this.nodes,
      pullTrunk: this.pullTrunk,
      createdAt,
      id,
      settings,
      engine,
      topology,
      resumeGraceMs,
      log,
      onEmpty: () => this.#emptied(room),
      onMembership: () => this.emit('membership', room),
      onViewers: () => this.emit('viewers', room),
      onTopologyStep: (step) => this.emit('topology', step, room),
    });
    this.#rooms.set(id, room);
    room.nodes.begin();
    return room;
  }

  #speakerChanged(router: string, producer: string | null): void {
    const room = this.find(roomOfRouter(router));
    if (room?.place.home?.router !== router) return;
    room.speakerChanged(producer === null ? null : participantOfTransport(producer));
  }

  #overloadChanged(worker: MediaWorker): void {
    for (const room of this.list()) if (room.place.home?.worker === worker) room.media.overloadChanged();
  }

  #emptied(room: Room): void {
    if (this.#kept.has(room.id) || this.#rooms.get(room.id) !== room) return;
    this.#forget(room);
    room.close('the room is empty', true);
  }

  #forget(room: Room): void {
    this.#arrivals += room.arrivals;
    this.#rooms.delete(room.id);
    this.#kept.delete(room.id);
    this.emit('closed', room);
  }

  #workerLost(worker: MediaWorker): void {
    const reason = 'the media process ended';
    for (const room of this.list()) {
      room.branches.abandon(worker, reason);
      if (room.place.home?.worker !== worker) continue;
      room.media.lost(reason).catch((error: Error) => {
        this.#options.log.error({ room: room.id, reason: error.message }, 'a room could not be moved');
      });
    }
  }
}
