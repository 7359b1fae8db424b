/** For tests: a datapath with one socket on loopback, all that it received and told kept for inspection. */
import { createDatapath } from '../addon.js';
import type { Datapath, DatapathOptions, PeerEvent, SrtpProfile } from '../datapath.js';
import * as L from '../layout.js';

export interface Received {
  kind: number;
  bytes: Uint8Array;
  row: Uint32Array;
  path: Uint8Array;
}

/** Waits for `condition`, at most ten seconds. */
export async function until(condition: () => boolean, what = 'the condition'): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

export function pathOf(socket: number, port: number, address: string | Uint8Array = '127.0.0.1'): Uint8Array {
  const path = new Uint8Array(L.PATH_BYTES);
  const view = new DataView(path.buffer);
  const bytes = typeof address === 'string' ? Uint8Array.from(address.split('.').map(Number)) : address;
  path[L.PATH_FAMILY] = bytes.length === 4 ? 4 : 6;
  path.set(bytes, L.PATH_REMOTE_ADDRESS);
  view.setUint16(L.PATH_REMOTE_PORT, port);
  view.setUint32(L.PATH_SOCKET, socket, true);
  return path;
}

export function tcpPath(connection: number): Uint8Array {
  const path = new Uint8Array(L.PATH_BYTES);
  path[L.PATH_FAMILY] = L.FAMILY_TCP;
  new DataView(path.buffer).setUint32(L.PATH_SOCKET, connection, true);
  return path;
}

export interface SendOptions {
  stream: number;
  ssrc: number;
  sequence: number;
  /** Payload bytes in the prefix, after the header. */
  payload?: Uint8Array;
  /** And then from an arena slot. */
  packet?: number;
  offset?: number;
  length?: number;
  padding?: number;
  flags?: number;
}

export class End {
  readonly datapath: Datapath;
  readonly socket: number;
  readonly port: number;
  readonly events: { peer: number; event: PeerEvent }[] = [];
  readonly tcp: { connection: number; bytes: Uint8Array }[] = [];
  received: Received[] = [];
  /** Called for each frame to a TCP connection. */
  onTcp: (connection: number, bytes: Uint8Array) => void = () => {};
  /** By peer, where `select()` was used. */
  readonly selected = new Map<number, Uint8Array>();
  private rows = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(options: DatapathOptions = {}, address = '127.0.0.1') {
    this.datapath = createDatapath(
      { dtlsRetransmitMs: 50, ...options },
      {
        onReadable: () => this.drain(),
        onPeerEvent: (peer, event) => this.events.push({ peer, event }),
        onTcpOutput: (connection, bytes) => {
          this.tcp.push({ connection, bytes });
          this.onTcp(connection, bytes);
        },
      },
    );
    const opened = this.datapath.openUdp({ address, port: 0, receiveBufferBytes: 4 << 20 });
    this.socket = opened.socket;
    this.port = opened.port;
    this.timer = setInterval(() => this.datapath.tick(), 10);
  }

  drain(): void {
    const { datapath } = this;
    for (let rows = datapath.receive(); rows > 0; rows = datapath.receive()) {
      for (let i = 0; i < rows; i++) {
        const row = datapath.rx.slice(i * L.RX_STRIDE, (i + 1) * L.RX_STRIDE);
        const at = (row[L.RX_PACKET] & (datapath.slots - 1)) * L.SLOT_BYTES;
        this.received.push({
          kind: row[L.RX_KIND],
          bytes: datapath.arena.slice(at, at + row[L.RX_LENGTH]),
          row,
          path: datapath.rxPaths.slice(i * L.PATH_BYTES, (i + 1) * L.PATH_BYTES),
        });
      }
    }
  }

  of(kind: number): Received[] {
    return this.received.filter((packet) => packet.kind === kind);
  }

  eventsOf(peer: number): string[] {
    return this.events.filter((told) => told.peer === peer).map((told) => told.event.type);
  }

  select(peer: number, path: Uint8Array): void {
    this.datapath.selectPath(peer, path);
    this.selected.set(peer, path);
  }

  /** Writes a row; `flush()` sends. */
  add(options: SendOptions): void {
    const { tx, txPrefix } = this.datapath;
    const prefix = this.rows * L.TX_PREFIX_BYTES;
    const view = new DataView(txPrefix.buffer);
    txPrefix[prefix] = options.padding ? 0xa0 : 0x80;
    txPrefix[prefix + 1] = 96;
    view.setUint16(prefix + 2, options.sequence & 0xffff);
    view.setUint32(prefix + 4, options.sequence * 3000);
    view.setUint32(prefix + 8, options.ssrc);
    if (options.payload) txPrefix.set(options.payload, prefix + 12);
    const at = this.rows * L.TX_STRIDE;
    tx[at + L.TX_STREAM] = options.stream;
    tx[at + L.TX_PREFIX_LENGTH] = 12 + (options.payload?.length ?? 0);
    tx[at + L.TX_PACKET] = options.packet ?? 0;
    tx[at + L.TX_PAYLOAD_OFFSET] = options.offset ?? 0;
    tx[at + L.TX_PAYLOAD_LENGTH] = options.length ?? 0;
    tx[at + L.TX_PADDING] = options.padding ?? 0;
    tx[at + L.TX_FLAGS] = options.flags ?? 0;
    this.rows++;
  }

  flush(): void {
    this.datapath.flush(this.rows);
    this.rows = 0;
  }

  send(options: SendOptions): void {
    this.add(options);
    this.flush();
  }

  /** Puts bytes into the next arena slot (as a STUN packet over TCP). Returns its packet number. */
  fillSlot(length: number, seed = 1): number {
    const stun = new Uint8Array(length);
    for (let i = 20; i < length; i++) stun[i] = (i * 31 + seed) & 0xff;
    stun.set([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
    this.datapath.injectTcp(0x7fff, stun);
    if (this.datapath.receive() !== 1) throw new Error('the slot was not filled');
    return this.datapath.rx[L.RX_PACKET];
  }

  close(): void {
    clearInterval(this.timer);
    this.datapath.close();
  }
}

/** A server's and a client's peer with DTLS started, each sending to `toServer` and `toClient`. */
export interface Link {
  server: End;
  client: End;
  serverPeer: number;
  clientPeer: number;
}

export function start(
  server: End,
  client: End,
  toServer = server.port,
  toClient = client.port,
  maxSsrcs?: number,
): Link {
  const link = {
    server,
    client,
    serverPeer: server.datapath.createPeer(),
    clientPeer: client.datapath.createPeer(),
  };
  server.select(link.serverPeer, pathOf(server.socket, toClient));
  client.select(link.clientPeer, pathOf(client.socket, toServer));
  server.datapath.startDtls(link.serverPeer, {
    role: 'server',
    fingerprints: [client.datapath.fingerprint],
    maxSsrcs,
  });
  client.datapath.startDtls(link.clientPeer, { role: 'client', fingerprints: [server.datapath.fingerprint] });
  return link;
}

export async function connected(link: Link): Promise<Link> {
  await until(
    () => link.server.eventsOf(link.serverPeer).length > 0 && link.client.eventsOf(link.clientPeer).length > 0,
    'the handshake',
  );
  return link;
}

export async function connect(options: { profile?: SrtpProfile; portable?: boolean } = {}): Promise<Link> {
  const common: DatapathOptions = { portable: options.portable };
  if (options.profile) common.srtpProfiles = [options.profile];
  return connected(start(new End(common), new End(common)));
}

/** The sealed packets that `send` makes, which go nowhere. */
export function capture(end: End, peer: number, send: () => void): Uint8Array[] {
  const sealed: Uint8Array[] = [];
  const before = end.onTcp;
  const path = end.selected.get(peer);
  end.onTcp = (_connection, bytes) => sealed.push(bytes.slice(2));
  end.datapath.selectPath(peer, tcpPath(0x7ffe));
  send();
  end.onTcp = before;
  if (path) end.datapath.selectPath(peer, path);
  return sealed;
}

/** mulberry32: a small seeded generator of numbers below `limit`. */
export function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}
