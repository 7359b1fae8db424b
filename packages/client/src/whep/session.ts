import { trimCodecs } from '../connection/codecs.js';
import { EfirError } from '../errors.js';
import type { Playout } from '../options.js';
import { applyPlayout } from '../quality/playout.js';
import { type Granted, postOffer, type Refused } from './offer.js';

/** All in ms. */
export const SESSION_TIMES = {
  /** For the offer to be answered. */
  answer: 8_000,
  /** The same while there are other servers to ask. */
  hastyAnswer: 2_000,
  /** For the transport to connect. */
  connect: 8_000,
  /** After that, for the first picture; none by then: nobody sends any. */
  firstPicture: 2_500,
  /** For the question whether the session is still there. */
  alive: 1_200,
  look: 40,
} as const;

export interface SessionRequest {
  endpoint: string;
  token: string | undefined;
  playout: Playout;
  /** There is another one to ask if this one takes long. */
  hasty: boolean;
}

/** Since the beginning. */
export interface Received {
  packets: number;
  /** Decoded. */
  frames: number;
}

/** One WHEP session: a peer connection that receives a picture and a sound. Ends once. */
export class WhepSession {
  /** It can't carry anything any more. Called once, never after `end`. */
  onLost: (() => void) | null = null;
  connected = false;
  #ended = false;

  private constructor(
    private readonly peer: RTCPeerConnection,
    readonly stream: MediaStream,
    private readonly grant: Granted,
  ) {
    const look = () => {
      const { connectionState: state } = peer;
      if (state === 'connected') this.connected = true;
      else if (state === 'failed' || state === 'closed' || (state === 'disconnected' && this.connected)) this.#lose();
    };
    peer.addEventListener('connectionstatechange', look);
    look();
  }

  /** Doesn't throw; without an answer nothing is left behind. */
  static async open(request: SessionRequest, signal: AbortSignal): Promise<WhepSession | Refused> {
    const { endpoint, token, playout, hasty } = request;
    const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    const limit = limited(signal, hasty ? SESSION_TIMES.hastyAnswer : SESSION_TIMES.answer);
    let reply: Granted | Refused | undefined;
    try {
      for (const kind of ['audio', 'video'] as const) {
        trimCodecs(peer.addTransceiver(kind, { direction: 'recvonly' }), kind);
      }
      await peer.setLocalDescription(await peer.createOffer());
      const sdp = peer.localDescription?.sdp ?? '';
      reply = await postOffer({ endpoint, token, sdp, signal: limit.signal });
      if (!reply.ok) {
        peer.close();
        return reply;
      }
      await peer.setRemoteDescription({ type: 'answer', sdp: reply.sdp });
      applyPlayout(peer.getReceivers(), playout);
      const stream = new MediaStream(peer.getReceivers().map(({ track }) => track));
      const session = new WhepSession(peer, stream, reply);
      if (signal.aborted) session.end();
      return session;
    } catch (cause) {
      peer.close();
      if (reply?.ok) endResource(reply.resource);
      const error = new EfirError('negotiation', 'The browser refused the session.', { cause });
      return { ok: false, error, retryAfterMs: null, final: true };
    } finally {
      limit.clear();
    }
  }

  /** Who answered. */
  get endpoint(): string {
    return this.grant.endpoint;
  }

  get events(): string | null {
    return this.grant.events;
  }

  get alternates(): readonly string[] {
    return this.grant.alternates;
  }

  setPlayout(playout: Playout): void {
    applyPlayout(this.peer.getReceivers(), playout);
  }

  async received(): Promise<Received> {
    const received = { packets: 0, frames: 0 };
    const report = await this.peer.getStats().catch(() => null);
    report?.forEach((stat) => {
      if (stat.type !== 'inbound-rtp') return;
      received.packets += stat.packetsReceived ?? 0;
      received.frames += stat.framesDecoded ?? 0;
    });
    return received;
  }

  /** Resolves with what there is: a picture (or sound alone), nothing although it is connected, or no connection. */
  async shows(signal: AbortSignal): Promise<'media' | 'nothing' | 'failed'> {
    const { connect, firstPicture, look } = SESSION_TIMES;
    const start = performance.now();
    let connectedAt: number | null = null;
    for (;;) {
      const now = performance.now();
      if (this.connected) connectedAt ??= now;
      const { packets, frames } = await this.received();
      if (signal.aborted || this.#ended) return 'failed';
      if (frames > 0) return 'media';
      if (connectedAt === null && now - start > connect) return 'failed';
      if (connectedAt !== null && now - connectedAt > firstPicture) return packets > 0 ? 'media' : 'nothing';
      await new Promise((resolve) => setTimeout(resolve, look));
    }
  }

  /** False: the server knows nothing of it, or can't be reached. */
  async alive(): Promise<boolean> {
    const { resource } = this.grant;
    if (!resource) return true;
    try {
      // The specification wants 405 for it, or 404 where there is no session.
      const { status } = await fetch(resource, { cache: 'no-store', signal: AbortSignal.timeout(SESSION_TIMES.alive) });
      return status !== 404 && status !== 410;
    } catch {
      return false;
    }
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onLost = null;
    this.peer.close();
    endResource(this.grant.resource);
  }

  #lose(): void {
    this.onLost?.();
    this.onLost = null;
  }
}

/** Also while the page goes away. */
function endResource(resource: string | null): void {
  if (resource) void fetch(resource, { method: 'DELETE', keepalive: true }).catch(() => {});
}

/** Ends with the other signal, or when its time is over; `AbortSignal.any` is too new. */
function limited(outer: AbortSignal, ms: number): { signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort(outer.reason);
  const timer = setTimeout(() => controller.abort(new DOMException('no answer in time', 'TimeoutError')), ms);
  if (outer.aborted) abort();
  outer.addEventListener('abort', abort);
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      outer.removeEventListener('abort', abort);
    },
  };
}
