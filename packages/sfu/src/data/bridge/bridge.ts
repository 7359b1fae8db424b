/**
 * The data of two nodes' routers joined by a pipe: an SCTP association of its own over the pipe's DTLS, so that neither a lost
 * packet of a file nor a full window holds up what else the pipe has to say. Each end tells who is there, and takes messages on
 * `file` from them.
 * What a sender may have under way is bounded from end to end: what they send counts until the other node has given it to their
 * receiver's outbox and says so. A slow receiver so makes its sender wait, and nobody else.
 */
import { PPID_BINARY } from '../dcep.js';
import { LOCAL_SCTP_PORT } from '../endpoint.js';
import { costOf } from '../file-queue.js';
import { MESSAGE_COST, Outbox } from '../outbox.js';
import { openPipeAssociation, pipeInbox } from '../pipe-association.js';
import type { DataHost, DataUser } from '../plane.js';
import type { DataRouter, RoutedMessage } from '../router.js';
import type { SctpAssociation } from '../sctp/association.js';
import type { FarWay } from './far-nodes.js';
import { FarSender } from './far-sender.js';
import {
  MAX_BRIDGE_MESSAGE_BYTES,
  MAX_PEOPLE_AT_ONCE,
  readBridgeMessage,
  writeFileMessage,
  writePeople,
  writeTaken,
} from './messages.js';

export const BRIDGE_SCTP_PORT = LOCAL_SCTP_PORT + 1;
/** Cost of a sender's messages under way to the other node's people; one message more may begin below it. */
export const SENDER_BYTES = 512 * 1024;
/** Of all senders together. */
export const BRIDGE_BYTES = 16 * 1024 * 1024;
/** People that the other end may tell of. */
export const MAX_PEOPLE = 4_096;
/** A sender of whom the other node has taken nothing for so long has nobody there for a while; longer than a slow receiver is borne, ms. */
const STUCK_MS = 60_000;
/** Room is given back at once when it is so much, else with the next tick. */
const GIVE_BACK_BYTES = 64 * 1024;
/** No more is handed to the association while so much waits in it. */
const QUEUE_BYTES = 64 * 1024;

/** What one of ours sends over. */
interface Crossing {
  /** Of what the other node hasn't taken yet, what waits here included. */
  cost: number;
  /** Since when nothing of it was taken, ms. */
  sinceMs: number;
  waiting: Outbox;
}

export class DataBridge implements DataUser, FarWay {
  active = false;
  readonly #association: SctpAssociation;
  readonly #packets = pipeInbox();
  /** Ours who came or went and of whom the other end isn't told yet. */
  readonly #news = new Set<string>();
  readonly #crossings = new Map<string, Crossing>();
  /** Of them, those with something that waits here, in the order of their turns. */
  readonly #turns = new Set<Crossing>();
  #underWay = 0;
  /** Since when nothing of anybody's was taken. */
  #sinceMs: number;
  /** The other end's people. */
  readonly #people = new Map<string, FarSender>();
  /** Of them, those with something that waits, or that was passed on. */
  readonly #busy = new Set<FarSender>();
  #pending = 0;
  #closed = false;
  #now: number;

  /** `node`: at the other end, as the cluster says. `failed`: it can't go on, and the pipe shouldn't. */
  constructor(
    role: 'client' | 'server',
    readonly node: string,
    readonly router: DataRouter,
    readonly host: DataHost<DataUser>,
    readonly failed: (reason: string) => void,
    now: number,
  ) {
    this.#now = now;
    this.#sinceMs = now;
    this.#association = openPipeAssociation(
      { role, port: BRIDGE_SCTP_PORT, maxMessageBytes: MAX_BRIDGE_MESSAGE_BYTES },
      host,
      {
        message: (bytes) => this.#received(bytes),
        connected: () => this.#connected(),
        closed: (reason) => this.#fail(`the data channel of the pipe ended: ${reason}`),
      },
    );
  }

  /** DTLS is up. */
  start(now: number): void {
    this.#now = now;
    this.#association.start(now);
    this.host.activate(this);
  }

  receive(bytes: Uint8Array): void {
    if (this.#packets.put(bytes)) this.host.activate(this);
    else this.host.counters.dataPacketDrops++;
  }

  work(now: number, late: () => boolean): boolean {
    this.#now = now;
    this.#packets.pass(this.#association, now, late);
    const more = this.#passFiles(late);
    this.#tell();
    this.#giveBack(GIVE_BACK_BYTES);
    // First what waits already, so that the association has room for more.
    this.#association.flush(now);
    this.#hand();
    this.#association.flush(now);
    return !this.#packets.empty || more;
  }

  tick(now: number): void {
    this.#now = now;
    this.#giveBack(1);
    this.#association.tick(now);
    if (this.#busy.size > 0 || this.#turns.size > 0) this.host.activate(this);
    for (const address of this.#crossings.keys()) {
      if (!this.isStuck(address)) continue;
      this.router.hasRoomAgain();
      break;
    }
  }

  /** One of ours came or went. */
  tell(address: string): void {
    this.#news.add(address);
    this.host.activate(this);
  }

  hasRoom(from: string): boolean {
    return this.#underWay < BRIDGE_BYTES && (this.#crossings.get(from)?.cost ?? 0) < SENDER_BYTES;
  }

  isStuck(from: string): boolean {
    if (this.#underWay >= BRIDGE_BYTES && this.#now - this.#sinceMs > STUCK_MS) return true;
    const crossing = this.#crossings.get(from);
    return crossing !== undefined && this.#now - crossing.sinceMs > STUCK_MS;
  }

  carry(from: string, message: RoutedMessage): void {
    let crossing = this.#crossings.get(from);
    if (!crossing) {
      crossing = { cost: 0, sinceMs: this.#now, waiting: new Outbox(SENDER_BYTES) };
      this.#crossings.set(from, crossing);
    }
    if (this.#underWay === 0) this.#sinceMs = this.#now;
    const bytes = writeFileMessage(from, message);
    crossing.waiting.push({ text: message.text, bytes });
    crossing.cost += bytes.length + MESSAGE_COST;
    this.#underWay += bytes.length + MESSAGE_COST;
    this.#turns.add(crossing);
    this.host.activate(this);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const sender of this.#people.values()) this.#gone(sender);
    this.#people.clear();
    this.#busy.clear();
    this.#packets.clear();
    this.#turns.clear();
    this.#crossings.clear();
    this.#association.close();
    this.router.far.leave(this);
    this.router.hasRoomAgain();
  }

  #connected(): void {
    if (this.#closed) return;
    for (const address of this.router.addresses) this.#news.add(address);
    this.router.far.join(this);
    this.host.activate(this);
  }

  #received(bytes: Uint8Array): void {
    if (this.#closed) return;
    const { counters } = this.host;
    const message = readBridgeMessage(bytes);
    if (!message) counters.dataMalformed++;
    else if (message.type === 'file') this.#take(message.from, message.message);
    else if (message.type === 'taken') this.#taken(message.from, message.cost);
    else if (message.type === 'here') for (const address of message.addresses) this.#here(address);
    else
      for (const address of message.addresses) {
        const sender = this.#people.get(address);
        if (sender?.here) this.#gone(sender);
        else counters.dataBridgeRefused++;
      }
  }

  #here(address: string): void {
    let sender = this.#people.get(address);
    if (!sender && this.#people.size >= MAX_PEOPLE) {
      this.host.counters.dataBridgeRefused++;
      return;
    }
    sender ??= new FarSender(address, this.router, (one) => this.#changed(one));
    sender.here = true;
    this.#people.set(address, sender);
    this.router.far.told(address, this);
  }

  #gone(sender: FarSender): void {
    sender.leave();
    this.router.far.forget(sender.address, this);
    // Who is not owed any more is forgotten, others when they are given the rest.
    if (sender.pending === 0) this.#people.delete(sender.address);
  }

  #take(from: string, message: RoutedMessage): void {
    const { counters } = this.host;
    const sender = this.#people.get(from);
    if (!sender?.here) {
      counters.dataBridgeRefused++;
      return;
    }
    if (sender.pending >= SENDER_BYTES || this.#pending >= BRIDGE_BYTES) {
      this.#fail('the other end sends more data than there is room for');
      return;
    }
    this.#pending += costOf(message);
    counters.dataBridgeReceived++;
    this.router.far.heard(this);
    // Somebody who has come here, or to a third node, is told of there for a moment longer.
    if (this.router.has(from) || !this.router.far.isBehind(this, from)) {
      counters.dataBridgeRefused++;
      sender.refuse(message);
    } else sender.take(message);
    this.#changed(sender);
  }

  #taken(from: string, cost: number): void {
    const crossing = this.#crossings.get(from);
    if (!crossing || cost > crossing.cost - crossing.waiting.cost) {
      this.host.counters.dataBridgeRefused++;
      return;
    }
    crossing.sinceMs = this.#now;
    this.#sinceMs = this.#now;
    this.#settle(from, crossing, cost);
    this.router.hasRoomAgain();
  }

  /** So much of theirs isn't under way any more. */
  #settle(from: string, crossing: Crossing, cost: number): void {
    crossing.cost -= cost;
    this.#underWay -= cost;
    if (crossing.cost === 0) this.#crossings.delete(from);
  }

  /** A message of each sender in turn. */
  #hand(): void {
    for (const crossing of this.#turns) {
      if (this.#association.outbound.queuedBytes >= QUEUE_BYTES) return;
      this.#turns.delete(crossing);
      const message = crossing.waiting.shift();
      if (!message || !this.#send(message.bytes)) continue;
      this.host.counters.dataBridgeSent++;
      // The walk comes to it again.
      if (!crossing.waiting.empty) this.#turns.add(crossing);
    }
  }

  #changed(sender: FarSender): void {
    if (this.#closed) return;
    this.#busy.add(sender);
    this.host.activate(this);
  }

  /** Each in turn. True: more can go at once. */
  #passFiles(late: () => boolean): boolean {
    let more = false;
    for (const sender of [...this.#busy]) {
      if (sender.queue.empty) continue;
      // Next time the others come first.
      this.#busy.delete(sender);
      this.#busy.add(sender);
      more = sender.queue.pass(this.#now) || more;
      if (late()) return true;
    }
    return more;
  }

  #giveBack(least: number): void {
    for (const sender of this.#busy) {
      const { address, passed } = sender;
      if (passed >= least && this.#association.outbound.queuedBytes < QUEUE_BYTES) {
        if (!this.#send(writeTaken(address, passed))) return;
        sender.pending -= passed;
        sender.passed = 0;
        this.#pending -= passed;
      }
      if (sender.passed > 0 || !sender.queue.empty) continue;
      this.#busy.delete(sender);
      if (!sender.here) this.#people.delete(address);
    }
  }

  #tell(): void {
    if (this.#news.size === 0 || this.#association.state !== 'connected') return;
    const here = [...this.#news].filter((address) => this.router.has(address));
    const gone = [...this.#news].filter((address) => !this.router.has(address));
    this.#news.clear();
    // What they wanted to send goes with them.
    for (const address of gone) {
      const crossing = this.#crossings.get(address);
      if (!crossing || crossing.waiting.empty) continue;
      const { cost } = crossing.waiting;
      crossing.waiting.clear();
      this.#turns.delete(crossing);
      this.#settle(address, crossing, cost);
    }
    for (const [type, addresses] of [['gone', gone] as const, ['here', here] as const]) {
      for (let at = 0; at < addresses.length; at += MAX_PEOPLE_AT_ONCE)
        this.#send(writePeople(type, addresses.slice(at, at + MAX_PEOPLE_AT_ONCE)));
    }
  }

  #send(bytes: Uint8Array): boolean {
    return this.#association.send(0, PPID_BINARY, bytes);
  }

  #fail(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.failed(reason);
  }
}

/** Whether a packet of SCTP is for a bridge. */
export function isForBridge(packet: Uint8Array): boolean {
  return packet.length > 3 && ((packet[2] << 8) | packet[3]) === BRIDGE_SCTP_PORT;
}
