/**
 * A client's ICE agent on one UDP socket of the hub's: sends what the agent wants sent, and points the datapath at the pair
 * that it selects. Times in ms.
 */
import { randomBytes } from 'node:crypto';
import type { Datapath } from '@efir/datapath';
import { IceClientAgent, type IceParameters, parseIpAddress, type RemoteCandidate } from '@efir/rtc';
import { ClientError } from './errors.js';
import { pathTo, remoteOf } from './paths.js';

export interface ClientIceOptions {
  datapath: Pick<Datapath, 'sendRaw' | 'selectPath'>;
  socket: number;
  /** IP family of the socket. */
  family: 4 | 6;
  /** The datapath's peer. */
  handle: number;
  local: IceParameters;
  random(): number;
  /** A pair was selected: from now on something can be sent. */
  onSelected(): void;
}

export class ClientIce {
  readonly #options: ClientIceOptions;
  #agent: IceClientAgent | null = null;
  #remote: IceParameters | null = null;
  #selected: RemoteCandidate | null = null;
  #nextPollMs = 0;

  constructor(options: ClientIceOptions) {
    this.#options = options;
  }

  /** Why the agent failed, or null. */
  get failure(): string | null {
    return this.#agent?.failure ?? null;
  }

  get roundTripMs(): number | null {
    return this.#agent?.roundTripMs ?? null;
  }

  /**
   * Begins, or begins anew when the server's credentials are others than before. Throws `no-candidates` when none of the
   * candidates can be reached from the socket.
   */
  setRemote(remote: IceParameters, candidates: readonly RemoteCandidate[]): void {
    const { local, family, random } = this.#options;
    const bytes = family === 4 ? 4 : 16;
    const usable = candidates.filter(
      ({ protocol, address }) => protocol === 'udp' && parseIpAddress(address)?.length === bytes,
    );
    const known = this.#remote;
    if (known?.usernameFragment === remote.usernameFragment && known.password === remote.password) return;
    if (usable.length === 0) {
      throw new ClientError('no-candidates', `the answer has no UDP candidate for IPv${family}`);
    }
    this.#remote = remote;
    if (this.#agent) this.#agent.restart(local, remote, usable);
    else {
      const tieBreaker = randomBytes(8).readBigUInt64BE();
      this.#agent = new IceClientAgent({ local, remote, candidates: usable, tieBreaker, random });
    }
    this.#nextPollMs = 0;
  }

  /** Sends what is due. False: the agent has failed. */
  tick(now: number): boolean {
    const agent = this.#agent;
    if (!agent || now < this.#nextPollMs) return true;
    for (const { to, packet } of agent.poll(now)) {
      const path = pathTo(this.#options.socket, to.address, to.port);
      if (path) this.#options.datapath.sendRaw(path, packet);
    }
    this.#nextPollMs = agent.nextDueMs;
    return agent.state !== 'failed';
  }

  /** A STUN packet that came on the socket. */
  handle(packet: Uint8Array, path: Uint8Array, now: number): void {
    const from = remoteOf(path);
    const agent = this.#agent;
    if (!agent || !from) return;
    const { response } = agent.handle(packet, from, now);
    if (response) this.#options.datapath.sendRaw(path, response);
    this.#nextPollMs = 0;
    this.tick(now);
    this.#select(agent.selected);
  }

  #select(selected: RemoteCandidate | null): void {
    if (!selected || selected === this.#selected) return;
    const { datapath, handle, socket, onSelected } = this.#options;
    const path = pathTo(socket, selected.address, selected.port);
    if (!path) return;
    this.#selected = selected;
    datapath.selectPath(handle, path);
    onSelected();
  }
}
