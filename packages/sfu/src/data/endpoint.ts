/**
 * One client's data: its association, its channels, what it may send and what waits for it. Work is done in slices when the
 * plane says so; receiving a packet only puts it aside. Bounds: packets that wait, rates of messages and bytes, an outbox for
 * each channel, and for files the association's own receive window, which closes while their receivers are slow.
 */
import { readAddress } from './address.js';
import { type ChannelLabel, DataChannels } from './channels.js';
import { costOf, FileQueue } from './file-queue.js';
import { Outbox } from './outbox.js';
import { PacketInbox } from './packet-inbox.js';
import type { DataHost, DataUser } from './plane.js';
import type { DataRouter, DataSender, RoutedMessage } from './router.js';
import { SctpAssociation } from './sctp/association.js';
import { TokenBucket } from './token-bucket.js';

export interface DataDescription {
  /** The client's SCTP port. */
  sctpPort: number;
  /** Longest message that the client takes, bytes. */
  maxMessageSize: number;
  /** The name by which others in the router send to it: 1..64 visible ASCII characters. */
  address: string;
}

export const LOCAL_SCTP_PORT = 5_000;
export const MAX_MESSAGE_BYTES = 262_144;
const WINDOW_BYTES = 1_536 * 1024;
const MAX_WAITING_PACKETS = 256;
const PACKETS_PER_SLICE = 8;
const MESSAGES_PER_SLICE = 16;
/** No more is handed to the association while so much waits in it: what comes later but is more urgent gets its turn. */
const ASSOCIATION_BYTES = 64 * 1024;
const LOSSY_BYTES = 32 * 1024;
const OUTBOX_BYTES: Record<ChannelLabel, number> = { reliable: 1024 * 1024, lossy: 32 * 1024, file: 256 * 1024 };
const LABELS: readonly ChannelLabel[] = ['reliable', 'lossy', 'file'];

/** On `reliable` and `lossy` together. A message to many costs more, see `cost`. */
const MESSAGES = { perSecond: 200, burst: 2_000 };
const BYTES = { perSecond: 256 * 1024, burst: 2 * 1024 * 1024 };
/** Receivers of a message that cost as much as one to a single receiver. */
const RECEIVERS_PER_TOKEN = 16;
/** A receiver that takes nothing of a file for so long loses the channel, ms. */
const STALL_MS = 30_000;

export class DataEndpoint implements DataUser, DataSender {
  readonly far = false;
  readonly association: SctpAssociation;
  readonly channels: DataChannels;
  /** In the plane's queue. */
  active = false;
  readonly #packets = new PacketInbox(MAX_WAITING_PACKETS, PACKETS_PER_SLICE);
  readonly #outboxes: Record<ChannelLabel, Outbox>;
  readonly #files: FileQueue;
  readonly #messages = new TokenBucket(MESSAGES.perSecond, MESSAGES.burst);
  readonly #bytes = new TokenBucket(BYTES.perSecond, BYTES.burst);
  #fileProgressMs: number;
  #now: number;

  constructor(
    readonly description: DataDescription,
    readonly router: DataRouter,
    readonly host: DataHost<DataEndpoint>,
    now: number,
  ) {
    const { counters } = host;
    this.#now = now;
    this.#fileProgressMs = now;
    this.#outboxes = {
      reliable: new Outbox(OUTBOX_BYTES.reliable),
      lossy: new Outbox(OUTBOX_BYTES.lossy),
      file: new Outbox(OUTBOX_BYTES.file),
    };
    this.association = new SctpAssociation(
      {
        role: 'server',
        localPort: LOCAL_SCTP_PORT,
        remotePort: description.sctpPort,
        windowBytes: WINDOW_BYTES,
        maxMessageBytes: MAX_MESSAGE_BYTES,
        random: host.random,
      },
      counters,
      {
        output: (packet) => host.output(packet),
        message: (stream, ppid, bytes) => this.channels.received(stream, ppid, bytes),
        streamsReset: (streams) => this.channels.streamsReset(streams),
        connected: () => {
          counters.dataAssociations++;
        },
        closed: () => this.#ended(),
      },
    );
    this.channels = new DataChannels(this.association, counters, {
      message: (label, text, bytes) => this.#received(label, text, bytes),
      opened: () => {},
      closed: (label) => this.#channelClosed(label),
      abused: () => this.association.close('too many channels'),
    });
    this.#files = new FileQueue(this, router, (cost) => this.association.inbound.hold(-cost));
    this.association.start(now);
    router.join(this);
  }

  get address(): string {
    return this.description.address;
  }

  /** Puts a packet aside for the next slice; `bytes` are the endpoint's from now on. */
  receive(bytes: Uint8Array): void {
    if (this.#packets.put(bytes)) this.host.activate(this);
    else this.host.counters.dataPacketDrops++;
  }

  /** One slice of work, cut short once `late` says so; true if there is more to do at once. */
  work(now: number, late: () => boolean): boolean {
    this.#now = now;
    this.#packets.pass(this.association, now, late);
    const moreFiles = this.#files.pass(now);
    // First what waits already, so that the association has room for more.
    this.association.flush(now);
    const moreMessages = this.#hand();
    this.association.flush(now);
    return !this.#packets.empty || moreFiles || moreMessages;
  }

  /** Timers, and what waits for the rate. */
  tick(now: number): void {
    this.#now = now;
    this.association.tick(now);
    if (!this.#files.empty || LABELS.some((label) => !this.#outboxes[label].empty)) this.host.activate(this);
    if (this.#outboxes.file.empty) this.#fileProgressMs = now;
    else if (now - this.#fileProgressMs > STALL_MS) {
      this.host.counters.dataStalls++;
      this.channels.close('file');
    }
  }

  wake(): void {
    this.host.activate(this);
  }

  hasRoom(label: ChannelLabel): boolean {
    return this.#outboxes[label].hasRoom;
  }

  /** Takes a message for this client. A slow one loses it (`lossy`) or the channel (`reliable`). */
  deliver(label: ChannelLabel, text: boolean, bytes: Uint8Array): void {
    const { counters } = this.host;
    const outbox = this.#outboxes[label];
    if (bytes.length > this.description.maxMessageSize) {
      counters.dataTooLong++;
      return;
    }
    if (label === 'lossy' && (!outbox.hasRoom || this.association.outbound.queuedBytes > LOSSY_BYTES)) {
      counters.dataLossyDrops++;
      return;
    }
    if (label === 'reliable' && !outbox.hasRoom) {
      counters.dataOverflows++;
      this.channels.close(label);
      return;
    }
    outbox.push({ text, bytes });
    this.host.activate(this);
  }

  close(): void {
    this.association.close();
    this.router.leave(this);
  }

  #received(label: ChannelLabel, text: boolean, bytes: Uint8Array): void {
    const { counters } = this.host;
    counters.dataMessagesReceived++;
    counters.dataBytesReceived += bytes.length;
    if (label !== 'file' && !this.#affords(bytes)) {
      counters.dataOverBudget++;
      return;
    }
    const addressed = readAddress(bytes);
    if (!addressed) {
      counters.dataMalformed++;
      return;
    }
    const message: RoutedMessage = { label, to: addressed.to, text, bytes, at: addressed.at };
    if (label === 'file') {
      this.#files.push(message);
      this.association.inbound.hold(costOf(message));
    } else this.router.pass(this, message, this.#now);
  }

  #affords(message: Uint8Array): boolean {
    const receivers = message[0] === 0 ? this.router.size - 1 : 1;
    const cost = Math.max(1, receivers / RECEIVERS_PER_TOKEN);
    return this.#messages.take(cost, this.#now) && this.#bytes.take(message.length * cost, this.#now);
  }

  /** Hands waiting messages to the association, the urgent channels first. True: more can go at once. */
  #hand(): boolean {
    const { outbound } = this.association;
    const { counters } = this.host;
    for (let handed = 0; handed < MESSAGES_PER_SLICE; handed++) {
      const label = LABELS.find((one) => !this.#outboxes[one].empty);
      if (label === undefined || outbound.queuedBytes >= ASSOCIATION_BYTES) return false;
      const outbox = this.#outboxes[label];
      const wasFull = !outbox.hasRoom;
      const { text, bytes } = outbox.shift()!;
      if (this.channels.send(label, text, bytes)) {
        counters.dataMessagesSent++;
        counters.dataBytesSent += bytes.length;
      }
      if (label !== 'file') continue;
      this.#fileProgressMs = this.#now;
      if (wasFull && outbox.hasRoom) this.router.hasRoomAgain();
    }
    return true;
  }

  #channelClosed(label: ChannelLabel): void {
    this.#outboxes[label].clear();
    if (label === 'file') this.router.hasRoomAgain();
  }

  /** The association is over; the client would need a new DTLS connection for another. */
  #ended(): void {
    this.#packets.clear();
    this.#files.clear();
    this.channels.clear();
  }
}
