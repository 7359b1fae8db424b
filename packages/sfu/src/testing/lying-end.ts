/** The other end of a pipe as somebody who says what he likes. */
import { BRIDGE_SCTP_PORT, isForBridge } from '../data/bridge/bridge.js';
import { type BridgeMessage, readBridgeMessage } from '../data/bridge/messages.js';
import { dataCounters } from '../data/counters.js';
import { PPID_BINARY, PPID_TEXT } from '../data/dcep.js';
import { LOCAL_SCTP_PORT } from '../data/endpoint.js';
import { SctpAssociation } from '../data/sctp/association.js';
import { type PipeMessage, readMessage } from '../routing/pipe/messages.js';
import type { PipeEnd, PipeEvents } from '../routing/pipe/pipe-end.js';
import { type SimulatedRoom, STEP_MS } from './simulated-room.js';

export class LyingEnd {
  readonly heard: PipeMessage[] = [];
  failure: string | null = null;
  readonly end: PipeEnd;
  readonly peer: number;
  /** What the bridge of the honest end says. */
  readonly heardData: BridgeMessage[] = [];
  readonly #control: SctpAssociation;
  readonly #data: SctpAssociation;
  #packets: Uint8Array[] = [];
  #seed = 11;

  /** `make`: the honest end, in the room. */
  constructor(
    readonly room: SimulatedRoom,
    role: 'client' | 'server',
    make: (peer: number, events: PipeEvents) => PipeEnd,
  ) {
    this.peer = room.datapath.createPeer();
    room.engine.setClock();
    const failed = (reason: string) => {
      this.failure ??= reason;
    };
    this.end = make(this.peer, { ready: () => {}, failed });
    this.#control = this.#associate(role, LOCAL_SCTP_PORT, (bytes) => {
      const read = readMessage(bytes);
      if (read) this.heard.push(read.message);
    });
    this.#data = this.#associate(role, BRIDGE_SCTP_PORT, (bytes) => {
      const message = readBridgeMessage(bytes);
      if (message) this.heardData.push(message);
    });
    room.others.set(this.peer, { take: (kind, bytes) => kind === 'data' && this.#packets.push(bytes) });
    this.end.transport.becameConnected();
    this.end.connected(room.engine.now);
    for (const association of [this.#control, this.#data]) association.start(room.engine.now);
  }

  say(message: unknown): void {
    this.sayRaw(new TextEncoder().encode(JSON.stringify(message)));
  }

  sayRaw(bytes: Uint8Array): void {
    this.#control.send(0, PPID_TEXT, bytes);
  }

  sayData(bytes: Uint8Array): void {
    this.#data.send(0, PPID_BINARY, bytes);
  }

  async run(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      this.room.step();
      this.step();
    }
  }

  /** Its own part, where somebody else runs the room. */
  step(): void {
    const { now } = this.room.engine;
    for (const packet of this.#packets.splice(0))
      (isForBridge(packet) ? this.#data : this.#control).receive(packet, now);
    this.#control.tick(now);
    this.#data.tick(now);
  }

  #associate(role: 'client' | 'server', port: number, message: (bytes: Uint8Array) => void): SctpAssociation {
    const options = {
      role,
      localPort: port,
      remotePort: port,
      windowBytes: 1 << 20,
      maxMessageBytes: 1 << 20,
      random: () => {
        this.#seed = (this.#seed * 48_271) % 0x7fffffff;
        return this.#seed / 0x7fffffff;
      },
    };
    return new SctpAssociation(options, dataCounters(), {
      output: (packet) => this.room.arrive(this.peer, 'data', packet.slice()),
      message: (_stream, _ppid, bytes) => message(bytes),
      streamsReset: () => {},
      connected: () => {},
      closed: () => {},
    });
  }
}
