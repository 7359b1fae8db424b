/**
 * One PeerConnection of one client, from our side: what was agreed on with it so far, and its transport on a worker. Offers
 * are answered one after the other (the caller sees to it); a refused offer leaves all as it was.
 */
import { randomBytes, randomInt } from 'node:crypto';
import {
  type HostCandidate,
  type IceParameters,
  type Negotiated,
  type ParsedOffer,
  type SectionParameters,
  writeAnswer,
} from '@efir/rtc';
import {
  type Reception,
  type Route,
  type TransportDescription,
  type TransportState,
  WorkerError,
  type WorkerNotice,
} from '@efir/sfu';
import { ServerError } from '../errors.js';
import { agreeOn, type OfferPolicy } from './sdp.js';
import type { MediaWorker } from './workers.js';

export interface MediaSessionOptions {
  worker: MediaWorker;
  router: string;
  /** Unique on all workers and never used again. */
  transport: string;
  policy: OfferPolicy;
  /** The name by which others in the router send data to this client; without it data channels are not served. */
  dataAddress?: string;
}

type NoticeOf<T extends WorkerNotice['type']> = Extract<WorkerNotice, { type: T }>;
export type QualityNotice = NoticeOf<'quality'>;
/** What a worker says of a transport in the course of a call. */
export type SessionNotice = QualityNotice | NoticeOf<'source'> | NoticeOf<'layers'>;

/** Until it is told otherwise. */
const RECEPTION: Reception = { video: true, maxBps: null };

export class MediaSession {
  readonly transport: string;
  readonly worker: MediaWorker;
  /** As the worker told it last. */
  state: TransportState = 'new';
  /** Called once, when the transport has ended without our closing it. */
  onLost: ((reason: string) => void) | null = null;
  onNotice: ((notice: SessionNotice) => void) | null = null;
  /** As the worker told it last. */
  quality: QualityNotice | null = null;
  /** By mid of what the client sends: the highest spatial layer that somebody takes, -1 for none. */
  readonly takenLayers = new Map<string, number>();

  readonly #router: string;
  readonly #policy: OfferPolicy;
  readonly #dataAddress: string | undefined;
  readonly #cname = randomToken(9);
  readonly #sessionId = randomInt(1, 2 ** 47).toString();
  #version = 0;
  #negotiated: Negotiated | undefined;
  #localIce: IceParameters = newIceParameters();
  #reception = JSON.stringify(RECEPTION);
  #ended = false;

  constructor({ worker, router, transport, policy, dataAddress }: MediaSessionOptions) {
    this.worker = worker;
    this.transport = transport;
    this.#router = router;
    this.#policy = policy;
    this.#dataAddress = dataAddress;
  }

  /** What is agreed on; empty before the first offer. */
  get sections(): readonly SectionParameters[] {
    return this.#negotiated?.sections ?? [];
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** What the offer would come to; nothing is done yet. Throws `ServerError`. */
  agree(offer: ParsedOffer): Negotiated {
    return agreeOn(offer, this.#policy, {
      previous: this.#negotiated,
      allocateSsrc: () => randomInt(1, 2 ** 32),
      cname: this.#cname,
      data: this.#dataAddress !== undefined,
    });
  }

  /** Brings the transport to what `agree` came to and gives the answer. An ICE restart gives us new credentials, too. */
  async accept(next: Negotiated, candidates: HostCandidate[]): Promise<string> {
    const localIce = next.iceRestart ? newIceParameters() : this.#localIce;
    await this.#request({
      type: 'configureTransport',
      router: this.#router,
      transport: this.transport,
      localIce,
      remoteIce: next.remoteIce,
      dtlsRole: next.dtlsRole,
      remoteFingerprints: next.fingerprints,
      sections: next.sections,
      data: this.#data(next),
    });
    this.#negotiated = next;
    this.#localIce = localIce;
    this.#version++;
    return writeAnswer(next, {
      ice: localIce,
      fingerprint: this.worker.fingerprint,
      candidates,
      sessionId: this.#sessionId,
      sessionVersion: this.#version,
    });
  }

  #data({ data }: Negotiated): TransportDescription['data'] {
    const address = this.#dataAddress;
    if (!data || address === undefined) return undefined;
    return { sctpPort: data.sctpPort, maxMessageSize: data.maxMessageSize, address };
  }

  async route(routes: Route[]): Promise<void> {
    if (routes.length > 0) await this.#request({ type: 'route', transport: this.transport, routes });
  }

  /** Told to the worker if it is another than before. */
  async setReception({ video, maxBps }: Reception): Promise<void> {
    const reception = { video, maxBps };
    const text = JSON.stringify(reception);
    if (text === this.#reception) return;
    this.#reception = text;
    try {
      await this.#request({ type: 'setReception', transport: this.transport, reception });
    } catch (error) {
      if (this.#reception === text) this.#reception = '';
      throw error;
    }
  }

  /** The client goes over to another node, and its files do at once. */
  departData(): void {
    if (this.#dataAddress === undefined) return;
    this.#request({ type: 'departData', transport: this.transport }).catch(() => {});
  }

  /** Ends the transport; done at once here, whenever the worker gets to it. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onLost = null;
    this.onNotice = null;
    this.state = 'closed';
    // A worker that is gone took the transport along.
    if (this.worker.alive) this.worker.request({ type: 'closeTransport', transport: this.transport }).catch(() => {});
  }

  /** The worker says so. */
  stateChanged(state: TransportState, reason: string): void {
    if (this.#ended) return;
    this.state = state;
    if (state !== 'failed' && state !== 'closed') return;
    const onLost = this.onLost;
    this.close();
    onLost?.(reason);
  }

  /** The worker says so. */
  noticed(notice: SessionNotice): void {
    if (this.#ended) return;
    if (notice.type === 'quality') this.quality = notice;
    if (notice.type === 'layers') {
      const mid = notice.producer.slice(this.transport.length + 1);
      const sent = this.sections.some((section) => section.mid === mid && section.uplink && section.kind === 'video');
      if (!sent || this.takenLayers.get(mid) === notice.spatial) return;
      this.takenLayers.set(mid, notice.spatial);
    }
    this.onNotice?.(notice);
  }

  async #request(request: Parameters<MediaWorker['request']>[0]): Promise<void> {
    if (this.#ended) throw new ServerError('unavailable', 'the media transport is gone', 1);
    try {
      await this.worker.request(request);
    } catch (error) {
      throw mediaError(error);
    }
  }
}

/** A refusal is about this request; all else means that the worker is not there for now. */
export function mediaError(error: unknown): unknown {
  if (!(error instanceof WorkerError)) return error;
  if (error.code === 'refused' && error.reason !== 'internal') return new ServerError('conflict', error.message);
  return new ServerError('unavailable', 'media is not available at the moment', 1);
}

/** 16 characters of ufrag (the worker tells clients apart by it) and 24 of password: 96 and 144 bits, RFC 8445 section 5.3. */
export function newIceParameters(): IceParameters {
  return { usernameFragment: iceChars(12), password: iceChars(18) };
}

/** URL-safe; 4 characters for 3 bytes. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

/** ice-char is ALPHA / DIGIT / "+" / "/": plain base64 (RFC 8839 section 5.4). */
function iceChars(bytes: number): string {
  return randomBytes(bytes).toString('base64');
}
