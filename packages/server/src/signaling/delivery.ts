/** Sends to a socket, unless its client has stopped reading: what waits for it is bounded. */
import type { Socket } from 'socket.io';

/** Packets that may wait for one client. */
const MAX_WAITING_PACKETS = 500;

export function deliver(socket: Socket, event: string, payload: unknown): void {
  if (isStuck(socket)) socket.disconnect(true);
  else socket.emit(event, payload);
}

export function isStuck({ conn }: Socket): boolean {
  // Engine.IO's queue while its transport is not writable; not in its types.
  const { writeBuffer } = conn as unknown as { writeBuffer: unknown[] };
  return writeBuffer.length > MAX_WAITING_PACKETS;
}
