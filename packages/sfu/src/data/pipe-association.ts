/**
 * SCTP between two of our own routers, over the DTLS of the pipe that joins them: ports are known to both, and packets wait for their
 * turn as those of clients do, only more of them.
 */
import { PacketInbox } from './packet-inbox.js';
import type { DataHost, DataUser } from './plane.js';
import { SctpAssociation } from './sctp/association.js';

const WINDOW_BYTES = 1_048_576;
const MAX_WAITING_PACKETS = 1_024;
const PACKETS_PER_SLICE = 16;

export interface PipeAssociationOptions {
  role: 'client' | 'server';
  /** At both ends. */
  port: number;
  maxMessageBytes: number;
}

export interface PipeAssociationEvents {
  message(bytes: Uint8Array): void;
  connected(): void;
  closed(reason: string): void;
}

export function openPipeAssociation(
  { role, port, maxMessageBytes }: PipeAssociationOptions,
  host: DataHost<DataUser>,
  { message, connected, closed }: PipeAssociationEvents,
): SctpAssociation {
  const { random, counters } = host;
  return new SctpAssociation(
    { role, localPort: port, remotePort: port, windowBytes: WINDOW_BYTES, maxMessageBytes, random },
    counters,
    {
      output: (packet) => host.output(packet),
      message: (_stream, _ppid, bytes) => message(bytes),
      streamsReset: () => {},
      connected,
      closed,
    },
  );
}

export function pipeInbox(): PacketInbox {
  return new PacketInbox(MAX_WAITING_PACKETS, PACKETS_PER_SLICE);
}
