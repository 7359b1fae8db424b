import type { EnterReply } from '@efir/protocol';

type Given = Pick<Extract<EnterReply, { ok: true }>, 'iceServers' | 'iceExpiresAt'>;

/** New ones are asked for this long before the old ones end, ms. */
const MARGIN_MS = 30_000;

/** STUN and TURN servers as the server gave them. Credentials of relays hold for a time only. */
export class IceServers {
  current: RTCIceServer[] = [];
  private expiresAt = Number.POSITIVE_INFINITY;

  take({ iceServers, iceExpiresAt }: Given): void {
    this.current = iceServers.map((server) => ({ ...server }));
    this.expiresAt = iceExpiresAt ?? Number.POSITIVE_INFINITY;
  }

  /** They end soon, or have. `now`: ms since the epoch. */
  stale(now: number): boolean {
    return now >= this.expiresAt - MARGIN_MS;
  }

  /** Connections that are there use them from their next ICE restart on. */
  apply(connections: Iterable<{ pc: RTCPeerConnection }>): void {
    for (const { pc } of connections) {
      try {
        pc.setConfiguration({ ...pc.getConfiguration(), iceServers: this.current });
      } catch {
        // Closed meanwhile.
      }
    }
  }
}
