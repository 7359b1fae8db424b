/**
 * ICE of a pipe's receiving end: the controlling agent towards the lite one of the source. It has sockets of its own: two
 * workers may be joined by many pipes, and what comes between the same two ports could not be told apart.
 */
import { randomBytes } from 'node:crypto';
import type { Datapath } from '@efir/datapath';
import {
  type HostCandidate,
  hostPriority,
  IceClientAgent,
  type IceParameters,
  parseIpAddress,
  type RemoteCandidate,
} from '@efir/rtc';
import { pathTo, remoteOf } from '../client/paths.js';
import { SfuError } from '../errors.js';
import { MEDIA_BUFFER_BYTES } from './media-port.js';

/** A check a little more than twice a second, and several of them in the time after which a silent end is given up. */
const CONSENT_MS = 400;
const CONSENT_RETRY_MS = 100;
const MAX_CANDIDATES = 16;

export interface SinkIceOptions {
  datapath: Datapath;
  /** The datapath's. */
  peer: number;
  local: IceParameters;
  remote: IceParameters;
  candidates: readonly HostCandidate[];
  /** Addresses to send from. */
  listen: readonly string[];
  random(): number;
  /** From now on something can be sent. */
  onSelected(address: string): void;
}

export class SinkIce {
  readonly #options: SinkIceOptions;
  readonly #agent: IceClientAgent;
  /** By family of their addresses. */
  readonly #sockets = new Map<4 | 6, number>();
  #selected: RemoteCandidate | null = null;
  #nextPollMs = 0;

  /** Throws `SfuError` when none of the candidates can be reached from here. */
  constructor(options: SinkIceOptions) {
    this.#options = options;
    const usable: RemoteCandidate[] = [];
    for (const { protocol, address, port } of options.candidates.slice(0, MAX_CANDIDATES)) {
      const family = familyOf(address);
      if (protocol !== 'udp' || !family || !(port > 0 && port < 65_536) || !this.#open(family)) continue;
      const priority = hostPriority(protocol, usable.length);
      usable.push({ foundation: `${usable.length}`, component: 1, type: 'host', protocol, priority, address, port });
    }
    if (usable.length === 0) throw new SfuError('bad-request', 'no candidate that can be reached by UDP from here');
    this.#agent = new IceClientAgent({
      local: options.local,
      remote: options.remote,
      candidates: usable,
      tieBreaker: randomBytes(8).readBigUInt64BE(),
      random: options.random,
      consentIntervalMs: CONSENT_MS,
      consentRetryMs: CONSENT_RETRY_MS,
    });
  }

  get sockets(): Iterable<number> {
    return this.#sockets.values();
  }

  get failure(): string | null {
    return this.#agent.failure;
  }

  get roundTripMs(): number | null {
    return this.#agent.roundTripMs;
  }

  /** When the source last answered a check. */
  get answeredMs(): number {
    return this.#agent.consentMs;
  }

  /** Asks at once whether the source is there. */
  hurry(now: number): void {
    this.#agent.hurry(now);
    this.#nextPollMs = 0;
  }

  /** Sends what is due. */
  tick(now: number): void {
    if (now < this.#nextPollMs) return;
    for (const { to, packet } of this.#agent.poll(now)) {
      const path = this.#path(to.address, to.port);
      if (path) this.#options.datapath.sendRaw(path, packet);
    }
    this.#nextPollMs = this.#agent.nextDueMs;
  }

  /** A STUN packet that came on one of the sockets. */
  handle(packet: Uint8Array, path: Uint8Array, now: number): void {
    const from = remoteOf(path);
    if (!from) return;
    const { response } = this.#agent.handle(packet, from, now);
    if (response) this.#options.datapath.sendRaw(path, response);
    this.#nextPollMs = 0;
    this.tick(now);
    const { selected } = this.#agent;
    if (!selected || selected === this.#selected) return;
    const chosen = this.#path(selected.address, selected.port);
    if (!chosen) return;
    this.#selected = selected;
    this.#options.datapath.selectPath(this.#options.peer, chosen);
    this.#options.onSelected(`${selected.address}:${selected.port}`);
  }

  close(): void {
    for (const socket of this.#sockets.values()) this.#options.datapath.closeUdp(socket);
    this.#sockets.clear();
  }

  #path(address: string, port: number): Uint8Array | null {
    const family = familyOf(address);
    const socket = family === null ? undefined : this.#sockets.get(family);
    return socket === undefined ? null : pathTo(socket, address, port);
  }

  /** False: this machine has no such family. */
  #open(family: 4 | 6): boolean {
    if (this.#sockets.has(family)) return true;
    const address = this.#options.listen.find((one) => familyOf(one) === family);
    if (address === undefined) return false;
    try {
      const { socket } = this.#options.datapath.openUdp({
        address,
        port: 0,
        receiveBufferBytes: MEDIA_BUFFER_BYTES,
        sendBufferBytes: MEDIA_BUFFER_BYTES,
      });
      this.#sockets.set(family, socket);
      return true;
    } catch {
      return false;
    }
  }
}

function familyOf(address: string): 4 | 6 | null {
  const bytes = parseIpAddress(address);
  if (!bytes) return null;
  return bytes.length === 4 ? 4 : 6;
}
