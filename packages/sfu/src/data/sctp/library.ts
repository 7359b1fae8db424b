/**
 * `werift-sctp` (MIT) as we use it. Its association is made without sockets and clocks: what would start a timer calls a hook,
 * what would send data or decide about abandoning it is ours. It trusts packets to be well-formed, so it gets checked chunks
 * only, one by one. Nothing else reaches into its state.
 */
import { SCTP } from 'werift-sctp';
import type { Chunk } from 'werift-sctp/lib/sctp/src/chunk.js';
import type { FlightState, OutChunk } from './outbound.js';

export type { Chunk };

/** What we touch of its association. */
export interface Library extends FlightState {
  associationState: number;
  isServer: boolean;
  localVerificationTag: number;
  remoteVerificationTag: number;
  localTsn: number;
  advertisedRwnd: number;
  peerAdvertisedRwnd: number;
  reconfigRequestSeq: number;
  reconfigResponseSeq: number;
  reconfigRequest?: object;
  reconfigQueue: number[];
  stateChanged: Record<'connected' | 'closed', { subscribe(listener: () => void): void }>;
  onReconfigStreams: { subscribe(listener: (streams: number[]) => void): void };
  start(remotePort: number): Promise<void>;
  receiveChunk(chunk: Chunk): Promise<void>;
  sendReconfigParam(param: object): Promise<void>;
  transmitReconfigRequest(): Promise<void>;
  sendChunk(chunk: Chunk): Promise<void>;
  setState(state: number): void;
  updateAdvancedPeerAckPoint(): void;
  // Replaced by ours:
  handleData(bytes: Uint8Array): Promise<void>;
  transmit(): Promise<void>;
  maybeAbandon(chunk: OutChunk): boolean;
  updateRto(seconds: number): void;
  timer1Start(chunk: Chunk): void;
  timer1Cancel(): void;
  t2Start(): void;
  timer2Cancel(): void;
  timer3Start(): void;
  timer3Restart(): void;
  timer3Cancel(): void;
  timerReconfigHandleStart(): void;
  timerReconfigCancel(): void;
  heartbeatStart(): void;
  heartbeatCancel(): void;
}

export interface LibraryHooks {
  send(packet: Uint8Array): void;
  /** True if the chunk is given up instead of being sent again. */
  abandons(chunk: OutChunk): boolean;
  /** Start it for this chunk, or stop it. */
  handshakeTimer(chunk: Chunk | null): void;
  retransmissionTimer(on: boolean): void;
  resetTimer(on: boolean): void;
  connected(): void;
  closed(): void;
  streamsReset(streams: number[]): void;
}

export interface LibraryOptions {
  role: 'client' | 'server';
  localPort: number;
  windowBytes: number;
  random(): number;
}

export function makeLibrary({ role, localPort, windowBytes, random }: LibraryOptions, hooks: LibraryHooks): Library {
  const transport = { send: async (packet: Uint8Array) => hooks.send(packet), close: () => {} };
  const make = role === 'client' ? SCTP.client : SCTP.server;
  const library = make(transport as unknown as Parameters<typeof make>[0], localPort) as unknown as Library;
  // Below 2^31, so that the library's numbers never meet the wrap.
  const firstTsn = 1 + Math.floor(random() * 0x7fff_fffe);
  library.localTsn = firstTsn;
  library.lastSackedTsn = firstTsn - 1;
  library.advancedPeerAckTsn = firstTsn - 1;
  library.reconfigRequestSeq = firstTsn;
  library.localVerificationTag = 1 + Math.floor(random() * 0xffff_fffe);
  library.advertisedRwnd = windowBytes;

  library.handleData = async () => {};
  library.transmit = async () => {};
  library.updateRto = () => {};
  library.maybeAbandon = hooks.abandons;
  library.timer1Start = hooks.handshakeTimer;
  library.timer1Cancel = () => hooks.handshakeTimer(null);
  library.timer3Start = () => hooks.retransmissionTimer(true);
  library.timer3Restart = library.timer3Start;
  library.timer3Cancel = () => hooks.retransmissionTimer(false);
  library.timerReconfigHandleStart = () => hooks.resetTimer(true);
  library.timerReconfigCancel = () => hooks.resetTimer(false);
  // Graceful shutdown isn't used, and ICE sees to whether the peer is alive.
  library.t2Start = () => {};
  library.timer2Cancel = () => {};
  library.heartbeatStart = () => {};
  library.heartbeatCancel = () => {};
  library.stateChanged.connected.subscribe(hooks.connected);
  library.stateChanged.closed.subscribe(hooks.closed);
  library.onReconfigStreams.subscribe(hooks.streamsReset);
  return library;
}
