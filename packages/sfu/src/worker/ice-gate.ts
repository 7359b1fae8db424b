/**
 * STUN in, paths out: finds whose check it is by its username, has that client's agent answer, and tells the datapath which
 * paths are the client's. A Binding request without credentials gets its address back, so the port is a STUN server too.
 */
import {
  type Datapath,
  FAMILY_TCP,
  PATH_BYTES,
  PATH_FAMILY,
  PATH_REMOTE_ADDRESS,
  PATH_REMOTE_PORT,
  RX_LENGTH,
  RX_PACKET,
  RX_STRIDE,
  SLOT_BYTES,
} from '@efir/datapath';
import { bindingResponse, formatIpAddress, type IceLiteAgent, type TransportAddress, usernameOf } from '@efir/rtc';

/** One client as the gate knows it. */
export interface IceClient {
  readonly agent: IceLiteAgent;
  readonly peer: number;
  /** A path was selected: the first one, or another one than before. */
  onSelected(protocol: 'udp' | 'tcp', address: string): void;
}

export interface IceGateCounters {
  stunRequests: number;
  stunUnknownUser: number;
  stunRefused: number;
  stunPlain: number;
}

/** Plain Binding requests answered in a second; the rest is dropped, so that the port is no amplifier of floods. */
const PLAIN_PER_SECOND = 2_000;

export class IceGate {
  readonly counters: IceGateCounters = { stunRequests: 0, stunUnknownUser: 0, stunRefused: 0, stunPlain: 0 };
  readonly #byFragment = new Map<string, IceClient>();
  #plainLeft = PLAIN_PER_SECOND;
  #plainSecond = 0;

  constructor(
    readonly datapath: Datapath,
    /** Remote address of a TCP connection, undefined once it is gone. */
    readonly tcpRemote: (connection: number) => TransportAddress | undefined,
    /** The TCP connection has proven to be a client's. */
    readonly onTcpClient: (connection: number) => void,
  ) {}

  /** Routes checks for each of the client's username fragments to it; call again after a restart. */
  add(client: IceClient): void {
    for (const fragment of client.agent.localFragments()) this.#byFragment.set(fragment, client);
  }

  has(fragment: string): boolean {
    return this.#byFragment.has(fragment);
  }

  remove(client: IceClient): void {
    for (const [fragment, owner] of this.#byFragment) if (owner === client) this.#byFragment.delete(fragment);
  }

  handle(row: number, now: number): void {
    const { datapath } = this;
    this.counters.stunRequests++;
    const at = row * RX_STRIDE;
    const slot = (datapath.rx[at + RX_PACKET] & (datapath.slots - 1)) * SLOT_BYTES;
    const packet = datapath.arena.subarray(slot, slot + datapath.rx[at + RX_LENGTH]);
    const path = datapath.rxPaths.subarray(row * PATH_BYTES, (row + 1) * PATH_BYTES);
    const tcp = path[PATH_FAMILY] === FAMILY_TCP;
    const mapped = tcp ? this.tcpRemote(connectionOf(path)) : remoteAddress(path);
    if (!mapped) return;
    const user = usernameOf(packet);
    if (!user) {
      if (!this.#mayAnswerPlain(now)) return;
      const response = bindingResponse(packet, mapped);
      if (!response) return;
      this.counters.stunPlain++;
      datapath.sendRaw(path, response);
      return;
    }
    const client = this.#byFragment.get(user.local);
    if (!client) {
      this.counters.stunUnknownUser++;
      return;
    }
    const key = pathKey(path);
    const result = client.agent.handle(packet, key, mapped, now);
    if (result.response) datapath.sendRaw(path, result.response);
    if (!result.accepted) {
      this.counters.stunRefused++;
      return;
    }
    datapath.addPath(client.peer, path);
    if (tcp) this.onTcpClient(connectionOf(path));
    if (result.selected !== null) {
      datapath.selectPath(client.peer, pathOfKey(result.selected));
      client.onSelected(tcp ? 'tcp' : 'udp', `${mapped.address}:${mapped.port}`);
    }
  }

  /** A path is gone (its TCP connection closed): the client falls back to another one it has shown. */
  pathClosed(client: IceClient, path: Uint8Array): void {
    const key = pathKey(path);
    if (!client.agent.paths().includes(key)) return;
    const other = client.agent.closePath(key);
    this.datapath.removePath(client.peer, path);
    if (other !== null) this.datapath.selectPath(client.peer, pathOfKey(other));
  }

  #mayAnswerPlain(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#plainSecond) {
      this.#plainSecond = second;
      this.#plainLeft = PLAIN_PER_SECOND;
    }
    return this.#plainLeft-- > 0;
  }
}

/** A path as a string, and back: the agent's name for it. */
export function pathKey(path: Uint8Array): string {
  return Buffer.from(path.buffer, path.byteOffset, PATH_BYTES).toString('latin1');
}

export function pathOfKey(key: string): Uint8Array {
  return Buffer.from(key, 'latin1');
}

export function connectionOf(path: Uint8Array): number {
  return new DataView(path.buffer, path.byteOffset, PATH_BYTES).getUint32(36, true);
}

/** The path of a TCP connection. */
export function tcpPath(connection: number): Uint8Array {
  const path = new Uint8Array(PATH_BYTES);
  path[PATH_FAMILY] = FAMILY_TCP;
  new DataView(path.buffer).setUint32(36, connection, true);
  return path;
}

function remoteAddress(path: Uint8Array): TransportAddress | undefined {
  const port = (path[PATH_REMOTE_PORT] << 8) | path[PATH_REMOTE_PORT + 1];
  const at = PATH_REMOTE_ADDRESS;
  if (path[PATH_FAMILY] === 4) return { address: path.subarray(at, at + 4).join('.'), port };
  if (path[PATH_FAMILY] !== 6) return undefined;
  return { address: formatIpAddress(path.subarray(at, at + 16)), port };
}
