/**
 * Many clients in one process: one datapath, a socket for each client, one loop. Times: `now` is `performance.now()`; arrival
 * times and send stamps are microseconds of the same clock.
 */
import { randomBytes } from 'node:crypto';
import {
  createDatapath,
  type Datapath,
  type DatapathOptions,
  type Fingerprint,
  KIND_DATA,
  KIND_RTCP,
  KIND_RTP,
  KIND_STUN,
  PATH_BYTES,
  RX_ARRIVAL_US,
  RX_KIND,
  RX_LENGTH,
  RX_PACKET,
  RX_PEER,
  RX_SOCKET,
  RX_STRIDE,
  SLOT_BYTES,
} from '@efir/datapath';
import { RtcpWriter } from '@efir/rtc';
import type { DelayHistogram } from './delay-histogram.js';
import { ClientError } from './errors.js';
import { ClientPeer, type PeerHost } from './peer.js';
import { RowBatch } from './row-batch.js';

export interface ClientHubOptions {
  datapath?: DatapathOptions;
  /** Address that clients' sockets are bound to; `::` for a server that is reached by IPv6 only. Default `0.0.0.0`. */
  address?: string;
  /** Of each client's socket; default: the kernel's. */
  receiveBufferBytes?: number;
  /** Where delays of payloads with a send stamp are counted. */
  delays?: DelayHistogram;
  /** 0..1; default `Math.random`. */
  random?: () => number;
}

const TICK_MS = 10;
/** Every so many ticks the datapath looks after its handshakes. */
const DATAPATH_TICKS = 5;
/** Batches taken in one turn of the loop, so that timers get their turn under load. */
const BATCHES_PER_TURN = 16;

export class ClientHub implements PeerHost {
  readonly datapath: Datapath;
  readonly rows: RowBatch;
  readonly delays: DelayHistogram | undefined;
  readonly random: () => number;
  readonly family: 4 | 6;
  /** RTP packets that came, of all clients. */
  rtpPackets = 0;

  readonly #options: ClientHubOptions;
  readonly #byHandle = new Map<number, ClientPeer>();
  readonly #bySocket = new Map<number, ClientPeer>();
  readonly #writer = new RtcpWriter();
  readonly #timer: NodeJS.Timeout;
  /** Clients with data to send at the end of the turn. */
  readonly #withData = new Set<ClientPeer>();
  #ticks = 0;
  #flushPlanned = false;
  #closed = false;

  constructor(options: ClientHubOptions = {}) {
    this.#options = options;
    this.delays = options.delays;
    this.random = options.random ?? Math.random;
    this.family = options.address?.includes(':') ? 6 : 4;
    this.datapath = createDatapath(options.datapath ?? {}, {
      onReadable: () => this.#receive(),
      onPeerEvent: (handle, event) => this.#byHandle.get(handle)?.handleEvent(event),
      onTcpOutput: () => {},
    });
    // What is sent within one turn goes out together at its end.
    this.rows = new RowBatch(this.datapath, () => this.#planFlush());
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Of the certificate that all its clients share. */
  get fingerprint(): Fingerprint {
    return this.datapath.fingerprint;
  }

  get peers(): Iterable<ClientPeer> {
    return this.#bySocket.values();
  }

  /** A new client with a socket of its own. */
  createPeer(cname = `bot-${this.#bySocket.size + 1}`): ClientPeer {
    if (this.#closed) throw new ClientError('closed', 'the hub is closed');
    const { address = '0.0.0.0', receiveBufferBytes } = this.#options;
    const { socket } = this.datapath.openUdp({ address, port: 0, receiveBufferBytes });
    // Hexadecimal digits are ICE characters all (RFC 8839 section 5.4).
    const ice = { usernameFragment: randomBytes(6).toString('hex'), password: randomBytes(16).toString('hex') };
    const peer = new ClientPeer(this, socket, ice, cname);
    this.#byHandle.set(peer.handle, peer);
    this.#bySocket.set(socket, peer);
    return peer;
  }

  /** The peer has data to send. */
  flushData(peer: ClientPeer): void {
    this.#withData.add(peer);
    this.#planFlush();
  }

  /** The peer has closed its half: forget it. */
  released(peer: ClientPeer): void {
    this.#byHandle.delete(peer.handle);
    this.#withData.delete(peer);
    if (this.#bySocket.delete(peer.socket)) this.datapath.closeUdp(peer.socket);
  }

  /** Closes all clients. Idempotent. */
  close(): void {
    if (this.#closed) return;
    for (const peer of [...this.#bySocket.values()]) peer.close();
    this.#closed = true;
    clearInterval(this.#timer);
    this.datapath.close();
  }

  #planFlush(): void {
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    this.#flushPlanned = false;
    if (this.#closed) return;
    for (const peer of this.#withData) peer.data?.flush(performance.now());
    this.#withData.clear();
    this.rows.flush();
  };

  #tick(): void {
    const now = performance.now();
    const unixMs = Date.now();
    if (++this.#ticks % DATAPATH_TICKS === 0) this.datapath.tick();
    for (const peer of this.#bySocket.values()) peer.tick(now, unixMs, this.#writer);
    // Reports that were queued go out with the rows.
    this.rows.flush();
  }

  #receive(): void {
    const { datapath } = this;
    const { rx, arena, rxPaths, slots } = datapath;
    let peer: ClientPeer | undefined;
    let peerHandle = -1;
    for (let batch = 0; batch < BATCHES_PER_TURN; batch++) {
      const rows = datapath.receive();
      if (rows === 0) break;
      const now = performance.now();
      const nowUs = now * 1000;
      const datapathNow = datapath.nowUs();
      for (let row = 0, at = 0; row < rows; row++, at += RX_STRIDE) {
        const kind = rx[at + RX_KIND];
        const slotAt = (rx[at + RX_PACKET] & (slots - 1)) * SLOT_BYTES;
        if (kind === KIND_STUN) {
          const stun = arena.slice(slotAt, slotAt + rx[at + RX_LENGTH]);
          const path = rxPaths.slice(row * PATH_BYTES, (row + 1) * PATH_BYTES);
          this.#bySocket.get(rx[at + RX_SOCKET])?.handleStun(stun, path, now);
          continue;
        }
        if (rx[at + RX_PEER] !== peerHandle) {
          peerHandle = rx[at + RX_PEER];
          peer = this.#byHandle.get(peerHandle);
        }
        if (peer === undefined) continue;
        // Modulo 2^32: the difference is small, whatever the counters are.
        const arrivalUs = nowUs - ((datapathNow - rx[at + RX_ARRIVAL_US]) | 0);
        if (kind === KIND_RTP) {
          this.rtpPackets++;
          peer.handleRtp(rx, at, arena, slotAt, arrivalUs);
        } else if (kind === KIND_RTCP) peer.handleRtcp(rx, at, arena, slotAt, arrivalUs);
        else if (kind === KIND_DATA) peer.data?.receive(arena.slice(slotAt, slotAt + rx[at + RX_LENGTH]), now);
      }
    }
  }
}
