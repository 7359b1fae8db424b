/**
 * The sending half of an association: messages cut into DATA chunks, sent as congestion window, receiver and partial
 * reliability allow, several small ones in a packet. The library's SACK handling works on the same flight (`FlightState`).
 */
import { FLAG_FIRST, FLAG_LAST, FLAG_UNORDERED } from './inbound.js';
import { COMMON_HEADER_BYTES, DATA, DATA_HEADER_BYTES, FORWARD_TSN, SACK, sealPacket } from './packet.js';

export interface SendOptions {
  /** Default true. */
  ordered?: boolean;
  /** Of unordered messages: how often a lost one is sent again; default: until it arrives. */
  maxRetransmits?: number;
}

/** The part of the library's state that says what is under way. */
export interface FlightState {
  localTsn: number;
  cwnd: number;
  ssthresh?: number;
  flightSize: number;
  partialBytesAcked: number;
  fastRecoveryExit?: number;
  fastRecoveryTransmit: boolean;
  sentQueue: OutChunk[];
  lastSackedTsn: number;
  advancedPeerAckTsn: number;
  forwardTsnChunk?: unknown;
  peerAdvertisedRwnd: number;
  timer3Cancel(): void;
}

export interface OutboundCounters {
  sctpRetransmitted: number;
  sctpAbandoned: number;
}

export interface PacketTarget {
  sourcePort: number;
  destinationPort: number;
  tag(): number;
  /** `packet` is valid during the call only. */
  send(packet: Uint8Array): void;
  restartTimer(): void;
}

/** A packet in its DTLS record makes a datagram of 1,200 bytes at most (37 bytes of record). */
const MAX_PACKET_BYTES = 1_160;
const FRAGMENT_BYTES = MAX_PACKET_BYTES - COMMON_HEADER_BYTES - DATA_HEADER_BYTES;
/** Full packets sent at one go. */
const BURST = 12;
const INITIAL_WINDOW_BYTES = 10 * FRAGMENT_BYTES;
/** A FORWARD-TSN that nobody acknowledged is sent again so much later, ms. */
const FORWARD_AGAIN_MS = 200;

/** A packet is built and sent within one call, so all associations share the room for it. */
const PACKET = new Uint8Array(MAX_PACKET_BYTES);
const VIEW = new DataView(PACKET.buffer);

/** With the names that the library's SACK handling knows. Given up, it counts as acknowledged, whatever the library finds. */
export class OutChunk {
  sentCount = 0;
  /** ms. */
  sentAt = 0;
  abandoned = false;
  /** Lost, out of the flight, and to be sent again. */
  retransmit = false;
  #acked = false;
  #misses = 0;

  constructor(
    readonly tsn: number,
    readonly flags: number,
    readonly streamId: number,
    readonly streamSeqNum: number,
    readonly protocol: number,
    readonly userData: Uint8Array,
    readonly maxRetransmits: number,
  ) {}

  get bookSize(): number {
    return this.userData.length;
  }

  get acked(): boolean {
    return this.#acked || this.abandoned;
  }

  set acked(acked: boolean) {
    this.#acked = acked;
  }

  /** SACKs that told later chunks; what is not under way can't be missed a third time. */
  get misses(): number {
    return this.abandoned || this.retransmit ? Number.NEGATIVE_INFINITY : this.#misses;
  }

  set misses(misses: number) {
    if (!this.abandoned && !this.retransmit) this.#misses = misses;
  }
}

export class OutboundData {
  /** The newest TSN that went out. */
  lastSentTsn: number;
  /** Bytes that wait to be sent for the first time. */
  queuedBytes = 0;
  #queue: OutChunk[] = [];
  #head = 0;
  #forwardedAt = Number.NEGATIVE_INFINITY;
  readonly #sequence = new Map<number, number>();
  /** Bytes of the packet that is being built. */
  #length = COMMON_HEADER_BYTES;

  constructor(
    readonly flight: FlightState,
    readonly counters: OutboundCounters,
    readonly target: PacketTarget,
  ) {
    this.lastSentTsn = flight.lastSackedTsn;
  }

  /** The handshake is through. */
  begin(): void {
    this.flight.cwnd = Math.max(this.flight.cwnd, INITIAL_WINDOW_BYTES);
  }

  queue(stream: number, ppid: number, bytes: Uint8Array, { ordered = true, maxRetransmits }: SendOptions): void {
    const { flight } = this;
    const sequence = ordered ? (this.#sequence.get(stream) ?? 0) : 0;
    if (ordered) this.#sequence.set(stream, (sequence + 1) & 0xffff);
    const times = ordered ? Number.POSITIVE_INFINITY : (maxRetransmits ?? Number.POSITIVE_INFINITY);
    const base = ordered ? 0 : FLAG_UNORDERED;
    for (let at = 0; at < bytes.length; at += FRAGMENT_BYTES) {
      const part = bytes.subarray(at, at + FRAGMENT_BYTES);
      const first = at === 0 ? FLAG_FIRST : 0;
      const last = at + FRAGMENT_BYTES >= bytes.length ? FLAG_LAST : 0;
      this.#queue.push(new OutChunk(flight.localTsn, base | first | last, stream, sequence, ppid, part, times));
      flight.localTsn = (flight.localTsn + 1) >>> 0;
    }
    this.queuedBytes += bytes.length;
  }

  /** `timer`: the retransmission timer ran out. */
  transmit(now: number, timer = false): void {
    const { flight } = this;
    this.#forward(now, timer);
    const limit = Math.min(flight.flightSize + BURST * FRAGMENT_BYTES, flight.cwnd);
    this.#retransmit(limit);
    while (this.#head < this.#queue.length && flight.flightSize < limit) {
      const chunk = this.#queue[this.#head];
      // With nothing under way one chunk goes whatever the window: it asks whether that has opened (section 6.1).
      if (flight.flightSize > 0 && flight.peerAdvertisedRwnd - flight.flightSize < chunk.bookSize) break;
      this.#dequeue();
      chunk.sentAt = now;
      if (flight.sentQueue.length === 0) this.target.restartTimer();
      flight.sentQueue.push(chunk);
      this.#write(chunk);
    }
    this.#flushPacket();
    if (timer && (flight.sentQueue.length > 0 || this.#forwardDue())) this.target.restartTimer();
  }

  /** The library has worked a SACK in. */
  acknowledged(now: number): void {
    const { flight } = this;
    flight.forwardTsnChunk = undefined;
    this.#recount();
    if (flight.sentQueue.length === 0 && !this.#forwardDue()) flight.timer3Cancel();
    else if (this.#forwardDue()) this.#forward(now, false);
    this.#flushPacket();
  }

  /** The timer ran out: all that is under way counts as lost (RFC 9260 section 6.3.3). */
  timedOut(): void {
    const { flight } = this;
    for (const chunk of flight.sentQueue) if (!this.maybeAbandon(chunk) && !chunk.acked) chunk.retransmit = true;
    this.#recount();
    flight.fastRecoveryExit = undefined;
    flight.partialBytesAcked = 0;
    flight.ssthresh = Math.max(Math.floor(flight.cwnd / 2), 4 * FRAGMENT_BYTES);
    flight.cwnd = FRAGMENT_BYTES;
  }

  /** True if the chunk's message is given up (RFC 3758), with all its fragments, sent or not. */
  maybeAbandon(chunk: OutChunk): boolean {
    if (chunk.abandoned) return true;
    if (chunk.sentCount <= chunk.maxRetransmits) return false;
    this.counters.sctpAbandoned++;
    const { sentQueue } = this.flight;
    let first = sentQueue.indexOf(chunk);
    while (first > 0 && (sentQueue[first].flags & FLAG_FIRST) === 0) first--;
    for (let i = first; ; i++) {
      if (i === sentQueue.length) {
        if (this.#head === this.#queue.length) break;
        // Not sent yet, and never will be: its TSN is taken all the same.
        sentQueue.push(this.#dequeue());
      }
      sentQueue[i].abandoned = true;
      if (sentQueue[i].flags & FLAG_LAST) break;
    }
    return true;
  }

  /** When the newest of the chunks that `cumulative` newly acknowledges was sent, ms; -1: not to be told. */
  sentAtOf(cumulative: number): number {
    let sentAt = -1;
    for (const chunk of this.flight.sentQueue) {
      if (((chunk.tsn - cumulative) | 0) > 0) break;
      // Of a chunk that was sent twice nobody knows which one is acknowledged (Karn).
      if (chunk.sentCount !== 1 || chunk.abandoned) return -1;
      if (!chunk.acked) sentAt = chunk.sentAt;
    }
    return sentAt;
  }

  sendSack(cumulativeTsn: number, window: number, blocks: readonly [number, number][]): void {
    const length = 16 + 4 * blocks.length;
    const at = this.#room(length);
    VIEW.setUint16(at, SACK << 8);
    VIEW.setUint16(at + 2, length);
    VIEW.setUint32(at + 4, cumulativeTsn);
    VIEW.setUint32(at + 8, window);
    VIEW.setUint16(at + 12, blocks.length);
    VIEW.setUint16(at + 14, 0);
    for (const [i, [begin, end]] of blocks.entries()) {
      VIEW.setUint16(at + 16 + 4 * i, begin);
      VIEW.setUint16(at + 18 + 4 * i, end);
    }
    this.#flushPacket();
  }

  /** The stream was reset: its sequence numbers begin anew. */
  forget(stream: number): void {
    this.#sequence.delete(stream);
  }

  clear(): void {
    this.#queue = [];
    this.#head = 0;
    this.queuedBytes = 0;
    this.flight.sentQueue = [];
  }

  /** The library's own count goes wrong when a chunk is acknowledged between its loss and its retransmission. */
  #recount(): void {
    const { flight } = this;
    flight.flightSize = 0;
    for (const chunk of flight.sentQueue) {
      if (chunk.acked) chunk.retransmit = false;
      else if (!chunk.retransmit) flight.flightSize += chunk.bookSize;
    }
  }

  #dequeue(): OutChunk {
    const chunk = this.#queue[this.#head++];
    this.queuedBytes -= chunk.bookSize;
    this.lastSentTsn = chunk.tsn;
    if (this.#head > 256 || this.#head === this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return chunk;
  }

  #retransmit(limit: number): void {
    const { flight } = this;
    let earliest = true;
    for (const chunk of flight.sentQueue) {
      if (chunk.retransmit) {
        // The first one of a fast recovery goes out whatever the window (section 7.2.4).
        if (flight.fastRecoveryTransmit) flight.fastRecoveryTransmit = false;
        else if (flight.flightSize >= limit) return;
        chunk.retransmit = false;
        chunk.misses = 0;
        this.counters.sctpRetransmitted++;
        this.#write(chunk);
        if (earliest) this.target.restartTimer();
      }
      if (!chunk.abandoned && !chunk.acked) earliest = false;
    }
  }

  #forwardDue(): boolean {
    const { advancedPeerAckTsn, lastSackedTsn } = this.flight;
    return ((advancedPeerAckTsn - lastSackedTsn) | 0) > 0;
  }

  /** FORWARD-TSN, again and again until it is acknowledged; the library would send it once. */
  #forward(now: number, timer: boolean): void {
    const { flight } = this;
    const fresh = flight.forwardTsnChunk !== undefined;
    flight.forwardTsnChunk = undefined;
    if (!this.#forwardDue() || !(fresh || timer || now - this.#forwardedAt >= FORWARD_AGAIN_MS)) return;
    this.#forwardedAt = now;
    const at = this.#room(8);
    VIEW.setUint16(at, FORWARD_TSN << 8);
    VIEW.setUint16(at + 2, 8);
    VIEW.setUint32(at + 4, flight.advancedPeerAckTsn);
    if (flight.sentQueue.length === 0) this.target.restartTimer();
  }

  #write(chunk: OutChunk): void {
    chunk.sentCount++;
    this.flight.flightSize += chunk.bookSize;
    const { userData } = chunk;
    const at = this.#room(DATA_HEADER_BYTES + userData.length);
    VIEW.setUint16(at, (DATA << 8) | chunk.flags);
    VIEW.setUint16(at + 2, DATA_HEADER_BYTES + userData.length);
    VIEW.setUint32(at + 4, chunk.tsn);
    VIEW.setUint16(at + 8, chunk.streamId);
    VIEW.setUint16(at + 10, chunk.streamSeqNum);
    VIEW.setUint32(at + 12, chunk.protocol);
    PACKET.set(userData, at + DATA_HEADER_BYTES);
  }

  /** Where a chunk of so many bytes begins; what doesn't fit with the others goes into the next packet. */
  #room(length: number): number {
    const padded = (length + 3) & ~3;
    if (this.#length + padded > MAX_PACKET_BYTES) this.#flushPacket();
    const at = this.#length;
    this.#length += padded;
    PACKET.fill(0, at + length, this.#length);
    return at;
  }

  #flushPacket(): void {
    if (this.#length === COMMON_HEADER_BYTES) return;
    const { sourcePort, destinationPort, tag } = this.target;
    VIEW.setUint16(0, sourcePort);
    VIEW.setUint16(2, destinationPort);
    VIEW.setUint32(4, tag());
    const packet = PACKET.subarray(0, this.#length);
    this.#length = COMMON_HEADER_BYTES;
    sealPacket(packet);
    this.target.send(packet);
  }
}
