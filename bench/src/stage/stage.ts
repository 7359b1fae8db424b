/**
 * A real media worker with one router, set up over its control channel as the server would, and clients of our own engine
 * on loopback. Nothing here goes over HTTP.
 */
import { randomBytes } from 'node:crypto';
import {
  clientCodecs,
  clientExtensions,
  type IceParameters,
  type RemoteCandidate,
  type SdpFingerprint,
  type SectionParameters,
} from '@efir/rtc';
import { type ClientAgreement, type ClientHub, type ClientPeer, WorkerProcess } from '@efir/sfu';

export const ROUTER = 'bench';
export const PUBLISHER = 'publisher';
export const PUBLISHED_MID = '0';
const RECEIVED_MID = '0';
const HOST = '127.0.0.1';

const codecs = clientCodecs('video', ['vp8']);
const extensions = clientExtensions('video');

/** What the publisher sends. */
export const PUBLISHED: SectionParameters = {
  mid: PUBLISHED_MID,
  kind: 'video',
  codecs,
  extensions,
  uplink: { encodings: [{ ssrc: 1001, rtxSsrc: 1002 }], cname: PUBLISHER },
};

export class Stage {
  readonly worker: WorkerProcess;
  readonly subscribers: ClientPeer[] = [];
  #nextSubscriber = 1;

  private constructor(worker: WorkerProcess) {
    this.worker = worker;
  }

  /** `pin`: the worker's CPU; undefined: wherever the kernel likes. */
  static async open(pin: number | undefined): Promise<Stage> {
    const worker = await WorkerProcess.spawn(
      { index: 0, port: 0, listen: [HOST] },
      { pin, requestTimeoutMs: 60_000, log: (line) => process.stderr.write(`worker: ${line}\n`) },
    );
    await worker.request({ type: 'openRouter', router: ROUTER });
    return new Stage(worker);
  }

  /** Makes the publisher's transport; the agreement is for its peer. */
  configurePublisher(remoteIce: IceParameters, fingerprint: SdpFingerprint): Promise<ClientAgreement> {
    return this.#configure(PUBLISHER, remoteIce, fingerprint, [PUBLISHED]);
  }

  /** A subscriber that takes the publisher's video; resolves when its handshake is done. */
  async addSubscriber(hub: ClientHub): Promise<ClientPeer> {
    const number = this.#nextSubscriber++;
    const transport = `subscriber-${number}`;
    const peer = hub.createPeer(transport);
    this.subscribers.push(peer);
    const ssrc = 0x1000_0000 + number * 2;
    const section: SectionParameters = {
      mid: RECEIVED_MID,
      kind: 'video',
      codecs,
      extensions,
      downlink: { ssrc, rtxSsrc: ssrc + 1, cname: 'server', streamId: 'stream', trackId: 'track' },
    };
    const agreement = await this.#configure(transport, peer.localIce, hub.fingerprint, [section]);
    peer.agree(agreement);
    await this.worker.request({
      type: 'route',
      transport,
      routes: [{ mid: RECEIVED_MID, source: { producer: `${PUBLISHER}/${PUBLISHED_MID}` } }],
    });
    await peer.connected();
    return peer;
  }

  /** Up to `total` subscribers, `atOnce` of them under way. */
  async growTo(total: number, hub: ClientHub, atOnce = 20): Promise<void> {
    let missing = total - this.subscribers.length;
    const lane = async (): Promise<void> => {
      while (missing > 0) {
        missing--;
        await this.addSubscriber(hub);
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, Math.max(0, missing)) }, lane));
  }

  /** Packets that all subscribers received together. */
  received(): number {
    return this.subscribers.reduce((sum, { incoming }) => sum + incoming[0].packets, 0);
  }

  async close(): Promise<void> {
    await this.worker.close();
  }

  async #configure(
    transport: string,
    remoteIce: IceParameters,
    fingerprint: SdpFingerprint,
    sections: SectionParameters[],
  ): Promise<ClientAgreement> {
    const localIce = { usernameFragment: randomBytes(4).toString('hex'), password: randomBytes(12).toString('hex') };
    await this.worker.request({
      type: 'configureTransport',
      router: ROUTER,
      transport,
      localIce,
      remoteIce,
      dtlsRole: 'server',
      remoteFingerprints: [fingerprint],
      sections,
    });
    const candidate: RemoteCandidate = {
      foundation: '1',
      component: 1,
      protocol: 'udp',
      priority: 1,
      address: HOST,
      port: this.worker.port,
      type: 'host',
    };
    return { remoteIce: localIce, remoteFingerprints: [this.worker.fingerprint], candidates: [candidate], sections };
  }
}
