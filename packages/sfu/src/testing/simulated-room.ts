/**
 * A room in virtual time for tests of the engine as a whole: publishers with simulcast layers that obey requests for key frames
 * and switched-off layers, viewers behind simulated links that send transport-wide feedback.
 */
import {
  findExtension,
  LinkModel,
  type LinkOptions,
  parseRtcp,
  parseVp8Descriptor,
  readTransportSequence,
  TransportFeedbackGenerator,
  Vp8Descriptor,
} from '@efir/rtc';
import type { Transport } from '../routing/transport.js';
import { sourceTag } from '../source-tag.js';
import type { SentRtp } from './memory-datapath.js';
import { downlink, OPUS, rtp, TestRoom, VP8 } from './room.js';

export interface LayerInit {
  bps: number;
  height: number;
}

export const THREE_LAYERS: readonly LayerInit[] = [
  { bps: 120_000, height: 180 },
  { bps: 400_000, height: 360 },
  { bps: 1_400_000, height: 720 },
];

const FPS = 15;
export const STEP_MS = 5;
const FEEDBACK_MS = 50;
const MAX_PAYLOAD = 1_100;
const RIDS = ['l', 'm', 'h'];
const KEY_FRAME_FACTOR = 4;
/** As browsers spread a frame's packets. */
const PACING_FACTOR = 2.5;

export class SimulatedPublisher {
  /** dBov below full scale as in RFC 6464; 127: silent. */
  level = 127;
  /** PLIs that reached it, with their time. */
  readonly requests: number[] = [];
  /** Layers above are switched off. */
  wanted = 7;
  readonly #sequences: number[];
  readonly #keyFrames: boolean[];
  readonly #queue: Uint8Array[] = [];
  #credit = 0;
  #frame = 0;
  #audio = 0;

  constructor(
    readonly transport: Transport,
    readonly layers: readonly LayerInit[],
    readonly firstSsrc: number,
    /** Shifts its frames among those of others, ms. */
    readonly phase: number,
  ) {
    this.#sequences = layers.map(() => 1);
    this.#keyFrames = layers.map(() => true);
  }

  asked(ssrc: number, now: number): void {
    this.requests.push(now);
    this.#keyFrames[ssrc - this.firstSsrc] = true;
  }

  /** A layer that comes back begins with a key frame. */
  want(spatial: number): void {
    for (let layer = this.wanted + 1; layer <= spatial && layer < this.layers.length; layer++)
      this.#keyFrames[layer] = true;
    this.wanted = spatial;
  }

  /** Packets due at `ms` of the room's time. */
  packets(ms: number): Uint8Array[] {
    while (this.#frame * (1_000 / FPS) + this.phase <= ms) {
      for (const [layer, init] of this.layers.entries())
        if (layer <= this.wanted) this.#queue.push(...this.#picture(layer, init));
      this.#frame++;
    }
    const packets: Uint8Array[] = [];
    if (ms % 20 === 0 && this.level < 127) packets.push(this.#audioPacket());
    const bps = this.layers.reduce((sum, layer, i) => sum + (i <= this.wanted ? layer.bps : 0), 0);
    this.#credit = Math.min(this.#credit + (bps * PACING_FACTOR * STEP_MS) / 8_000, 3 * MAX_PAYLOAD);
    while (this.#queue.length > 0 && this.#credit > 0) {
      const packet = this.#queue.shift()!;
      this.#credit -= packet.length;
      packets.push(packet);
    }
    return packets;
  }

  #picture(layer: number, { bps, height }: LayerInit): Uint8Array[] {
    const key = this.#keyFrames[layer];
    this.#keyFrames[layer] = false;
    let left = Math.round((bps / 8 / FPS) * (key ? KEY_FRAME_FACTOR : 0.95));
    const packets: Uint8Array[] = [];
    for (let first = true; left > 0 || first; first = false) {
      const size = Math.max(30, Math.min(MAX_PAYLOAD, left));
      left -= size;
      const payload = new Uint8Array(size).fill(0xaa);
      const tid = [0, 2, 1, 2][this.#frame % 4];
      payload.set([first ? 0x90 : 0x80, 0xe0, 0x80 | ((this.#frame >> 8) & 0x7f), this.#frame & 0xff]);
      payload.set([this.#frame >> 2, ((key ? 0 : tid) << 6) | 0x20, key ? 0x10 : 0x11], 4);
      if (key && first) payload.set([0x9d, 0x01, 0x2a, 64, 1, height & 0xff, height >> 8], 9);
      const sequence = this.#sequences[layer]++ & 0xffff;
      const timestamp = (this.#frame * (90_000 / FPS)) >>> 0;
      packets.push(rtp({ ssrc: this.firstSsrc + layer, sequence, timestamp, marker: left <= 0, payload }));
    }
    return packets;
  }

  #audioPacket(): Uint8Array {
    const sequence = this.#audio++ & 0xffff;
    const timestamp = (this.#audio * 960) >>> 0;
    const plain = rtp({ ssrc: this.firstSsrc + 9, sequence, timestamp, payloadType: 111, payload: new Uint8Array(60) });
    // One-byte extension block with the audio level (id 1).
    const bytes = new Uint8Array(plain.length + 8);
    bytes.set(plain.subarray(0, 12));
    bytes[0] |= 0x10;
    bytes.set([0xbe, 0xde, 0, 1, 0x10, 0x80 | this.level, 0, 0], 12);
    bytes.set(plain.subarray(12), 20);
    return bytes;
  }
}

export interface Arrival {
  ms: number;
  ssrc: number;
  csrc: number;
  sequence: number;
  timestamp: number;
  bytes: number;
  /** Frame's height if it is a key frame, else 0. */
  height: number;
  delayMs: number;
}

export class SimulatedViewer {
  readonly arrivals: Arrival[] = [];
  readonly link: LinkModel;
  readonly #feedback = new TransportFeedbackGenerator();
  readonly #under: { atMs: number; sentMs: number; packet: SentRtp }[] = [];
  readonly #out = new Uint8Array(1_200);
  readonly #vp8 = new Vp8Descriptor();
  #feedbackAt = 0;

  constructor(
    readonly transport: Transport,
    link: LinkOptions,
  ) {
    this.link = new LinkModel(link);
  }

  offered(packet: SentRtp, ms: number): void {
    const atMs = this.link.offer(ms, packet.bytes.length + 44);
    if (atMs !== null) this.#under.push({ atMs, sentMs: ms, packet });
  }

  /** Takes what has arrived; returns feedback that is due. */
  step(ms: number): Uint8Array[] {
    this.#under.sort((a, b) => a.atMs - b.atMs);
    while (this.#under.length > 0 && this.#under[0].atMs <= ms) {
      const { atMs, sentMs, packet } = this.#under.shift()!;
      const { bytes, header } = packet;
      const found = findExtension(bytes, 0, header.headerLength, 5);
      if (found >= 0) this.#feedback.received(readTransportSequence(bytes, found >> 8), atMs * 1_000);
      const csrc = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12);
      const vp8 = packet.payload.length > 0 && parseVp8Descriptor(packet.payload, 0, packet.payload.length, this.#vp8);
      const height = vp8 && header.ssrc % 2 === 0 && this.#vp8.keyFrame ? this.#vp8.height : 0;
      const { ssrc, sequence, timestamp } = header;
      const delayMs = atMs - sentMs;
      this.arrivals.push({ ms: atMs, ssrc, csrc, sequence, timestamp, bytes: bytes.length, height, delayMs });
    }
    if (ms < this.#feedbackAt) return [];
    this.#feedbackAt = ms + FEEDBACK_MS;
    const made: Uint8Array[] = [];
    for (let i = 0; i < 4; i++) {
      const length = this.#feedback.build(ms, 1, 2, this.#out);
      if (length === 0) break;
      made.push(this.#out.slice(0, length));
    }
    return made;
  }

  /** Of arrivals since `ms`. */
  since(ms: number): Arrival[] {
    return this.arrivals.filter((arrival) => arrival.ms >= ms);
  }
}

/** Whoever is at the other end of a transport and is no viewer. */
export interface OtherEnd {
  take(kind: 'rtp' | 'rtcp' | 'data', bytes: Uint8Array): void;
}

export class SimulatedRoom extends TestRoom {
  ms = 0;
  /** By peer. */
  readonly others = new Map<number, OtherEnd>();
  readonly publishers = new Map<string, SimulatedPublisher>();
  readonly viewers = new Map<number, SimulatedViewer>();
  #read = 0;

  publisher(id: string, layers: readonly LayerInit[] = THREE_LAYERS): SimulatedPublisher {
    const ssrc = 10_000 + this.publishers.size * 100;
    const encodings = layers.map((_, i) => ({ rid: RIDS[i], ssrc: ssrc + i }));
    const extensions = { mid: 4, transportCc: 3, audioLevel: 1 };
    const transport = this.join(id, [
      { mid: 'a', kind: 'audio', codecs: [OPUS], extensions, uplink: { encodings: [{ ssrc: ssrc + 9 }] } },
      { mid: 'v', kind: 'video', codecs: [VP8], extensions, uplink: { encodings } },
    ]);
    const publisher = new SimulatedPublisher(transport, layers, ssrc, (this.publishers.size * 7) % 60);
    this.publishers.set(id, publisher);
    return publisher;
  }

  /** Sections `a0`.. and `v0`..; SSRCs of pictures are even. */
  viewer(id: string, pictures: number, sounds: number, link: LinkOptions): SimulatedViewer {
    const base = 1_000_000 + this.viewers.size * 1_000;
    const sections = [
      ...Array.from({ length: sounds }, (_, i) => downlink(`a${i}`, 'audio', base + 501 + 2 * i)),
      ...Array.from({ length: pictures }, (_, i) => downlink(`v${i}`, 'video', base + 2 * i, base + 2 * i + 1)),
    ];
    const transport = this.join(id, sections);
    const viewer = new SimulatedViewer(transport, link);
    this.viewers.set(transport.peer, viewer);
    return viewer;
  }

  show(viewer: SimulatedViewer, mid: string, publisher: string, role: 'stage' | 'thumbnail', order = 0): void {
    this.engine.setClock();
    const stream = viewer.transport.streams.get(mid)!;
    viewer.transport.router.route(stream, { producer: `${publisher}/v` }, { role, height: 720, order });
  }

  tag(publisher: string): number {
    return sourceTag(`${publisher}/v`);
  }

  run(ms: number): void {
    for (const end = this.ms + ms; this.ms < end; ) this.step();
  }

  /** `STEP_MS` of the room's time. */
  step(): void {
    this.datapath.timeUs = 1_000_000 + this.ms * 1_000;
    this.#obey();
    for (const publisher of this.publishers.values()) {
      for (const packet of publisher.packets(this.ms)) this.arrive(publisher.transport.peer, 'rtp', packet);
    }
    this.#receive();
    if (this.ms % 20 === 0) this.schedule.tick();
    else if (this.engine.pacingNeeded) this.engine.paceTurn();
    if (this.engine.data.pending) this.engine.dataTurn(1);
    this.#deliver();
    for (const viewer of this.viewers.values())
      for (const report of viewer.step(this.ms)) this.arrive(viewer.transport.peer, 'rtcp', report);
    this.#receive();
    this.#deliver();
    this.ms += STEP_MS;
  }

  #waiting = 0;

  arrive(peer: number, kind: 'rtp' | 'rtcp' | 'data', bytes: Uint8Array): void {
    this.datapath.arrive(peer, kind, bytes);
    if (++this.#waiting === this.datapath.rxRows) this.#receive();
  }

  #receive(): void {
    this.#waiting = 0;
    this.engine.receiveTurn(1);
  }

  #deliver(): void {
    for (const packet of this.datapath.take()) {
      this.viewers.get(packet.peer)?.offered(packet, this.ms);
      this.others.get(packet.peer)?.take('rtp', packet.bytes);
    }
    for (const { peer, bytes } of this.datapath.data.splice(0)) this.others.get(peer)?.take('data', bytes);
  }

  /** Publishers do what they are asked by RTCP and by notices. */
  #obey(): void {
    for (const { peer, bytes } of this.datapath.rtcp.splice(0)) {
      this.others.get(peer)?.take('rtcp', bytes);
      for (const publisher of this.publishers.values()) {
        if (publisher.transport.peer !== peer) continue;
        parseRtcp(bytes, 0, bytes.length, { pli: (_sender, media) => publisher.asked(media, this.ms) });
      }
    }
    for (; this.#read < this.notices.length; this.#read++) {
      const notice = this.notices[this.#read];
      if (notice.type !== 'layers') continue;
      this.publishers.get(notice.producer.slice(0, notice.producer.indexOf('/')))?.want(notice.spatial);
    }
  }
}
