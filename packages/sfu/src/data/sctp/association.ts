/**
 * One SCTP association, sans-IO: packets in, packets out, `now` in ms as an argument, nothing throws. `werift-sctp` does the
 * handshake, acknowledgements, congestion control and stream resets (`library.ts`); packets are checked before it sees them
 * (`packet.ts`), and data goes through halves of our own (`inbound.ts`, `outbound.ts`).
 */
import { SCTP_STATE } from 'werift-sctp';
import * as chunks from 'werift-sctp/lib/sctp/src/chunk.js';
import type { SctpCounters } from './counters.js';
import { InboundData } from './inbound.js';
import { type Chunk, type Library, makeLibrary } from './library.js';
import { OutboundData, type SendOptions } from './outbound.js';
import * as P from './packet.js';
import { RetransmissionTimeout } from './retransmission-timeout.js';

export interface SctpOptions {
  /** A client sends INIT; a server waits for it. */
  role: 'client' | 'server';
  localPort: number;
  remotePort: number;
  /** Bytes that may wait on our side. */
  windowBytes: number;
  /** A longer message from the peer is dropped and counted. */
  maxMessageBytes: number;
  /** 0..1 */
  random(): number;
}

export interface SctpEvents {
  /** `packet` is valid during the call only. */
  output(packet: Uint8Array): void;
  message(stream: number, ppid: number, bytes: Uint8Array): void;
  /** Streams were reset, by the peer or as we asked; empty: all of them. */
  streamsReset(streams: readonly number[]): void;
  connected(): void;
  /** Once. */
  closed(reason: string): void;
}

interface Timer {
  at: number;
  tries: number;
}

const MAX_RETRANSMISSIONS = 10;
/** INITs that are answered before the association stands. */
const MAX_INITS = 16;
/** Messages that are kept until the association stands. */
const MAX_EARLY = 64;
const MAX_GAP_BLOCKS = 128;
/** Streams that wait for their reset at most. */
const MAX_RESETS = 64;

export class SctpAssociation {
  state: 'connecting' | 'connected' | 'closed' = 'connecting';
  readonly inbound: InboundData;
  readonly outbound: OutboundData;
  readonly #library: Library;
  #now = 0;
  #inits = 0;
  /** Messages that came with the last packet of the handshake, before the library said that it is through. */
  #early: (() => void)[] = [];
  #init: { tag: number; tsn: number } | null = null;
  readonly #timeout = new RetransmissionTimeout();
  /** Expiries without a sign of life in between. */
  #errors = 0;
  #handshake: (Timer & { chunk: Chunk }) | null = null;
  #retransmitAt = Number.POSITIVE_INFINITY;
  #reset: Timer | null = null;

  constructor(
    readonly options: SctpOptions,
    readonly counters: SctpCounters,
    readonly events: SctpEvents,
  ) {
    this.inbound = new InboundData(options, counters, (stream, ppid, bytes) => {
      if (this.state === 'connecting') this.#early.push(() => events.message(stream, ppid, bytes));
      else events.message(stream, ppid, bytes);
    });
    this.#library = this.#makeLibrary();
    this.outbound = new OutboundData(this.#library, counters, {
      sourcePort: options.localPort,
      destinationPort: options.remotePort,
      tag: () => this.#library.remoteVerificationTag,
      send: (packet) => this.#emit(packet),
      restartTimer: () => this.#library.timer3Start(),
    });
  }

  /** The smoothed round trip, ms; undefined before the first was measured. */
  get roundTripMs(): number | undefined {
    return this.#timeout.roundTripMs;
  }

  /** A client's INIT goes out; a server only begins to listen. */
  start(now: number): void {
    this.#now = now;
    this.#library.start(this.options.remotePort).catch(this.#fail);
  }

  /** Takes a packet; the association keeps `bytes`. Call `flush` after one or several. */
  receive(bytes: Uint8Array, now: number): void {
    if (this.state === 'closed') return;
    this.#now = now;
    this.counters.sctpPacketsReceived++;
    const packet = P.readPacket(bytes);
    const { localPort, remotePort } = this.options;
    if (!packet || packet.destinationPort !== localPort || packet.sourcePort !== remotePort) {
      this.counters.sctpMalformed++;
      return;
    }
    if (!this.#tagFits(packet)) {
      this.counters.sctpWrongTag++;
      return;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (const chunk of packet.chunks) {
      // Chunk types that are not known: the two highest bits say whether the rest counts (RFC 9260 section 3.2).
      if (!this.#receiveChunk(chunk, bytes, view) && chunk.type < 0x80) break;
      if (this.isClosed()) return;
    }
  }

  /** Sends what has become due by `receive`: acknowledgements, and data that the window allows. */
  flush(now: number): void {
    if (this.state === 'closed') return;
    this.#now = now;
    if (this.inbound.sackNeeded) this.#sendSack();
    if (this.state === 'connected') this.outbound.transmit(now);
  }

  /** Timers; call every few tens of ms. */
  tick(now: number): void {
    if (this.state === 'closed') return;
    this.#now = now;
    if (this.#handshake && now >= this.#handshake.at) this.#handshakeExpired(this.#handshake);
    if (now >= this.#retransmitAt) this.#retransmissionExpired();
    if (this.#reset && now >= this.#reset.at) this.#resetExpired(this.#reset);
    this.flush(now);
  }

  /** Queues a message. False when the association isn't up. Goes out with the next `flush` or `tick`. */
  send(stream: number, ppid: number, bytes: Uint8Array, options: SendOptions = {}): boolean {
    if (this.state !== 'connected') return false;
    this.outbound.queue(stream, ppid, bytes, options);
    return true;
  }

  /** Ends our direction of a stream (RFC 6525). */
  resetStream(stream: number): void {
    const { reconfigQueue } = this.#library;
    if (this.state !== 'connected' || reconfigQueue.includes(stream)) return;
    if (reconfigQueue.length >= MAX_RESETS) {
      this.counters.sctpRefused++;
      return;
    }
    reconfigQueue.push(stream);
    this.#library.transmitReconfigRequest().catch(this.#fail);
  }

  /** Says ABORT if there is somebody to say it to. Idempotent. */
  close(reason = 'closed'): void {
    if (this.state === 'closed') return;
    if (this.#library.remoteVerificationTag !== 0)
      this.#library.sendChunk(new chunks.AbortChunk()).catch(() => undefined);
    this.#closed(reason);
  }

  isClosed(): boolean {
    return this.state === 'closed';
  }

  #makeLibrary(): Library {
    return makeLibrary(this.options, {
      send: (packet) => this.#emit(packet),
      abandons: (chunk) => this.outbound.maybeAbandon(chunk),
      handshakeTimer: (chunk) => {
        this.#handshake = chunk && { chunk, at: this.#now + this.#timeout.ms, tries: 0 };
      },
      retransmissionTimer: (on) => {
        this.#retransmitAt = on ? this.#now + this.#timeout.ms : Number.POSITIVE_INFINITY;
      },
      resetTimer: (on) => {
        if (!on) this.#reset = null;
        else this.#reset ??= { at: this.#now + this.#timeout.ms, tries: 0 };
      },
      connected: () => this.#connected(),
      closed: () => this.#closed('the peer ended the association'),
      streamsReset: (streams) => this.#streamsReset(streams),
    });
  }

  #emit(packet: Uint8Array): void {
    this.counters.sctpPacketsSent++;
    this.events.output(packet);
  }

  #tagFits({ tag, chunks: [first] }: P.PacketView): boolean {
    if (first.type === P.INIT) return tag === 0;
    if (tag === this.#library.localVerificationTag) return true;
    // The T bit: the sender had no tag of ours and repeats its own (RFC 9260 section 8.5.1).
    const reflected = (first.type === P.ABORT || first.type === P.SHUTDOWN_COMPLETE) && (first.flags & 1) === 1;
    return reflected && tag === this.#library.remoteVerificationTag && tag !== 0;
  }

  /** False for a chunk that is not known. */
  #receiveChunk(chunk: P.ChunkView, bytes: Uint8Array, view: DataView): boolean {
    const { type, flags, at, end } = chunk;
    switch (type) {
      case P.DATA:
        if (this.#early.length >= MAX_EARLY) {
          this.counters.sctpRefused++;
          return true;
        }
        this.inbound.receive(
          view.getUint32(at),
          flags,
          view.getUint16(at + 4),
          view.getUint32(at + 8),
          bytes.subarray(at + 12, end),
        );
        return true;
      case P.FORWARD_TSN:
        this.inbound.forward(view.getUint32(at));
        return true;
      case P.SACK:
        this.#receiveSack(flags, body(bytes, at, end), view, at);
        return true;
      case P.INIT:
        this.#receiveInit(new chunks.InitChunk(flags, body(bytes, at, end)));
        return true;
      case P.INIT_ACK:
        this.#receiveInitAck(new chunks.InitAckChunk(flags, body(bytes, at, end)));
        return true;
      case P.RECONFIG:
        this.#receiveReconfig(flags, body(bytes, at, end), view, at);
        return true;
      case P.HEARTBEAT:
        this.#hand(new chunks.HeartbeatChunk(flags, body(bytes, at, end)));
        return true;
      case P.COOKIE_ECHO:
        this.#hand(new chunks.CookieEchoChunk(flags, body(bytes, at, end)));
        return true;
      case P.COOKIE_ACK:
        this.#hand(new chunks.CookieAckChunk(flags, body(bytes, at, end)));
        return true;
      case P.ABORT:
        this.#closed('the peer aborted the association');
        return true;
      case P.SHUTDOWN:
      case P.SHUTDOWN_ACK:
      case P.SHUTDOWN_COMPLETE:
        // Nobody in WebRTC shuts down gracefully: DTLS ends with the transport (RFC 8831 section 6.2).
        this.close('the peer shut the association down');
        return true;
      case P.ERROR:
      case P.HEARTBEAT_ACK:
        return true;
      default:
        return false;
    }
  }

  /** What the library does in its handlers ends before they first wait, but for changes of state. */
  #hand(chunk: Chunk): void {
    this.#library.receiveChunk(chunk).catch(this.#fail);
  }

  #receiveInit(init: chunks.InitChunk): void {
    const known = this.#init;
    const repeated = known !== null && known.tag === init.initiateTag && known.tsn === init.initialTsn;
    // The library would forget what it has. A peer that begins anew has a new DTLS connection.
    if (!this.#library.isServer || (this.state === 'connected' && !repeated) || ++this.#inits > MAX_INITS) {
      this.counters.sctpRefused++;
      return;
    }
    if (this.state === 'connected') return;
    this.#init = { tag: init.initiateTag, tsn: init.initialTsn };
    this.#hand(init);
    this.#library.reconfigResponseSeq = (init.initialTsn - 1) >>> 0;
    if (!repeated) this.inbound.start(init.initialTsn);
  }

  #receiveInitAck(ack: chunks.InitAckChunk): void {
    if (this.#library.associationState !== SCTP_STATE.COOKIE_WAIT) {
      this.counters.sctpRefused++;
      return;
    }
    this.#hand(ack);
    this.#library.reconfigResponseSeq = (ack.initialTsn - 1) >>> 0;
    this.inbound.start(ack.initialTsn);
  }

  #receiveSack(flags: number, bytes: Buffer, view: DataView, at: number): void {
    const library = this.#library;
    const cumulative = view.getUint32(at);
    const behind = (cumulative - library.lastSackedTsn) | 0;
    const furthest = this.outbound.lastSentTsn;
    if (
      this.state !== 'connected' ||
      ((cumulative - furthest) | 0) > 0 ||
      !P.gapsFit(view, at, (furthest - cumulative) | 0)
    ) {
      this.counters.sctpRefused++;
      return;
    }
    if (behind < 0) return;
    const sentAt = this.outbound.sentAtOf(cumulative);
    if (sentAt >= 0) this.#timeout.measured(this.#now - sentAt);
    else if (behind > 0) this.#timeout.progressed();
    this.#errors = 0;
    this.#hand(new chunks.SackChunk(flags, bytes));
    this.outbound.acknowledged(this.#now);
  }

  #receiveReconfig(flags: number, bytes: Buffer, view: DataView, at: number): void {
    // A stream ends after its last message; until that is here, the peer asks again.
    const resets = view.getUint16(at) === 13;
    if (resets && ((view.getUint32(at + 12) - this.inbound.cumulativeTsn) | 0) > 0) return;
    this.#hand(new chunks.ReconfigChunk(flags, bytes));
  }

  #streamsReset(streams: number[]): void {
    if (this.state === 'closed') return;
    for (const stream of streams) this.outbound.forget(stream);
    this.events.streamsReset(streams);
  }

  #sendSack(): void {
    const { inbound } = this;
    const blocks = inbound.gapBlocks(MAX_GAP_BLOCKS);
    this.outbound.sendSack(inbound.cumulativeTsn, inbound.window, blocks);
  }

  #handshakeExpired(handshake: Timer & { chunk: Chunk }): void {
    if (++handshake.tries > MAX_RETRANSMISSIONS) {
      this.#closed('the peer did not answer');
      return;
    }
    this.#timeout.backOff();
    handshake.at = this.#now + this.#timeout.ms;
    this.#library.sendChunk(handshake.chunk).catch(this.#fail);
  }

  #retransmissionExpired(): void {
    this.#retransmitAt = Number.POSITIVE_INFINITY;
    if (++this.#errors > MAX_RETRANSMISSIONS) {
      this.close('the peer acknowledged nothing any more');
      return;
    }
    this.#timeout.backOff();
    this.outbound.timedOut();
    this.#library.updateAdvancedPeerAckPoint();
    this.outbound.transmit(this.#now, true);
  }

  #resetExpired(timer: Timer): void {
    const { reconfigRequest } = this.#library;
    if (!reconfigRequest || ++timer.tries > MAX_RETRANSMISSIONS) {
      // The peer knows no resets: the streams stay half open, which costs nothing.
      this.#library.reconfigRequest = undefined;
      this.#library.reconfigQueue = [];
      this.#reset = null;
      return;
    }
    timer.at = this.#now + this.#timeout.ms * 2 ** timer.tries;
    this.#library.sendReconfigParam(reconfigRequest).catch(this.#fail);
  }

  #connected(): void {
    if (this.state !== 'connecting') return;
    this.state = 'connected';
    this.#handshake = null;
    this.outbound.begin();
    this.events.connected();
    for (const deliver of this.#early.splice(0)) deliver();
    this.flush(this.#now);
  }

  #closed(reason: string): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#handshake = null;
    this.#reset = null;
    this.#retransmitAt = Number.POSITIVE_INFINITY;
    this.#early = [];
    this.outbound.clear();
    this.#library.setState(SCTP_STATE.CLOSED);
    this.events.closed(reason);
  }

  /** The library met something that the checks before it let through. */
  readonly #fail = (): void => {
    this.counters.sctpMalformed++;
    this.close('the association failed');
  };
}

function body(bytes: Uint8Array, at: number, end: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at);
}
