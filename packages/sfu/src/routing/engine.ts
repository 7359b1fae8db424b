/**
 * The engine: routers, transports and the way of a packet between them. It has no socket and no timer of its own: the worker
 * gives it the datapath, calls `receiveTurn` when packets are there and `tick` about every 20 ms.
 */
import {
  type Datapath,
  KIND_DATA,
  KIND_RTCP,
  KIND_RTP,
  KIND_STUN,
  NO_PEER,
  RX_ARRIVAL_US,
  RX_HEADER_LENGTH,
  RX_KIND,
  RX_LENGTH,
  RX_MARKER_TYPE,
  RX_PACKET,
  RX_PAYLOAD_LENGTH,
  RX_PEER,
  RX_SEQUENCE,
  RX_SSRC,
  RX_STRIDE,
  RX_TIMESTAMP,
} from '@efir/datapath';
import { Prober } from '../allocation/prober.js';
import { DataPlane } from '../data/plane.js';
import { SfuError } from '../errors.js';
import type { WorkerNotice } from '../worker/control.js';
import { Encoding } from './encoding.js';
import { engineCounters } from './engine-counters.js';
import { Fanout } from './fanout.js';
import type { LayerFilter } from './layer-filter.js';
import { Pacing, type WaitingPacket } from './pacing.js';
import { PacketReader } from './packet-reader.js';
import type { PipeEnd } from './pipe/pipe-end.js';
import type { Producer } from './producer.js';
import type { Protection } from './protection.js';
import { Retransmitter } from './retransmitter.js';
import { Router } from './router.js';
import { RtcpIntake } from './rtcp-intake.js';
import { RtcpReports } from './rtcp-reports.js';
import { SourceBatch } from './source-batch.js';
import { StreamTable } from './stream-table.js';
import { Transport, type TransportOptions } from './transport.js';
import { TransportCcTable } from './transport-cc-table.js';
import type { VirtualStream } from './virtual-stream.js';

export interface EngineOptions {
  datapath: Datapath;
  random(): number;
  notify(notice: WorkerNotice): void;
  /** A STUN packet: row `row` of `datapath.rx`, path row of `datapath.rxPaths`. */
  onStun(row: number): void;
  /** ms since 1970 at the datapath's zero. */
  unixAtZeroMs: number;
}

export class Engine {
  readonly datapath: Datapath;
  readonly random: () => number;
  readonly notify: (notice: WorkerNotice) => void;
  readonly reader: PacketReader;
  readonly batch: SourceBatch;
  readonly table = new StreamTable();
  readonly transportCc = new TransportCcTable();
  readonly pacing = new Pacing();
  readonly fanout: Fanout;
  /** Data channels. */
  readonly data: DataPlane;
  readonly retransmitter: Retransmitter;
  readonly prober = new Prober(this);
  readonly routers = new Map<string, Router>();
  readonly transports = new Map<string, Transport>();
  /** Ends of pipes to other routers. */
  readonly pipes = new Set<PipeEnd>();
  /** Somebody takes something else than before: what pipes want is to be looked at soon. */
  pipesHurry = false;
  readonly counters = engineCounters();
  /** ms, of the turn under way. */
  now = 0;
  /** How much is shed because the worker can't keep up; see the notice `overload`. */
  overload: 0 | 1 | 2 = 0;
  /** Virtual streams by their row in the table. */
  readonly streams: (VirtualStream | undefined)[] = [];
  readonly unixAtZeroMs: number;
  /** CNAME of our receiver reports. */
  readonly cname: string;
  readonly reports: RtcpReports;
  readonly #onStun: (row: number) => void;
  readonly #intake: RtcpIntake;
  readonly #byPeer = new Map<number, Transport>();
  readonly #transportNumbers: number[] = [];
  #nextTransportNumber = 0;
  readonly #encodings: (Encoding | undefined)[] = [];
  readonly #freeEncodings: number[] = [];
  /** Encodings with packets in the batch. */
  readonly #touched: Encoding[] = [];
  readonly #late = new SourceBatch(1);

  constructor(options: EngineOptions) {
    this.datapath = options.datapath;
    this.random = options.random;
    this.notify = options.notify;
    this.#onStun = options.onStun;
    this.reader = new PacketReader(this.datapath.arena, this.datapath.slots);
    this.batch = new SourceBatch(this.datapath.rxRows);
    this.fanout = new Fanout(this.datapath, this.table, this.batch, this.transportCc, this.pacing, this);
    this.data = new DataPlane({
      send: (peer, packet) => this.datapath.sendData(peer, packet),
      random: options.random,
    });
    this.retransmitter = new Retransmitter(this);
    this.unixAtZeroMs = options.unixAtZeroMs;
    this.cname = Math.floor(options.random() * 2 ** 52).toString(36);
    this.reports = new RtcpReports(this);
    this.#intake = new RtcpIntake(this);
  }

  /** Takes up to `turns` batches of received packets; returns packets handled. */
  receiveTurn(turns: number): number {
    let handled = 0;
    for (let turn = 0; turn < turns; turn++) {
      const count = this.datapath.receive();
      if (count === 0) break;
      handled += count;
      this.#handle(count);
      if (count < this.datapath.rxRows) break;
    }
    return handled;
  }

  #handle(count: number): void {
    const { rx } = this.datapath;
    this.setClock();
    this.batch.clear();
    for (let row = 0; row < count; row++) {
      const at = row * RX_STRIDE;
      const kind = rx[at + RX_KIND];
      if (kind === KIND_STUN) {
        this.#onStun(row);
        continue;
      }
      const peer = rx[at + RX_PEER];
      const transport = peer === NO_PEER ? undefined : this.#byPeer.get(peer);
      if (!transport) continue;
      transport.heardMs = this.now;
      if (kind === KIND_RTP) {
        transport.receive(
          rx[at + RX_PACKET],
          rx[at + RX_SSRC],
          rx[at + RX_SEQUENCE],
          rx[at + RX_TIMESTAMP],
          rx[at + RX_HEADER_LENGTH],
          rx[at + RX_PAYLOAD_LENGTH],
          rx[at + RX_MARKER_TYPE],
          rx[at + RX_ARRIVAL_US],
        );
      } else if (kind === KIND_RTCP) {
        this.#intake.handle(transport, this.reader.slotOffset(rx[at + RX_PACKET]), rx[at + RX_LENGTH]);
      } else if (kind === KIND_DATA) {
        const slot = this.reader.slotOffset(rx[at + RX_PACKET]);
        // Its turn comes after media, when the slot may be another packet's.
        if (transport.data) transport.data.receive(this.datapath.arena.slice(slot, slot + rx[at + RX_LENGTH]));
        else this.data.counters.dataPacketDrops++;
      }
    }
    for (const encoding of this.#touched) this.#forward(encoding);
    this.#touched.length = 0;
    this.fanout.flush();
  }

  /** Something is sent by the clock: call `paceTurn` about every 5 ms. */
  get pacingNeeded(): boolean {
    return this.prober.active || this.pacing.active;
  }

  paceTurn(): void {
    this.setClock();
    this.pacing.drain(this.now, this.#sendWaiting);
    this.prober.step(this.now);
    this.fanout.flush();
  }

  /** What waits for the stream goes now. */
  releaseWaiting(stream: VirtualStream): void {
    if (this.pacing.active) this.pacing.release(stream.transport.number, stream.number, this.#sendWaiting);
  }

  readonly #sendWaiting = ({ stream, encoding, sequence }: WaitingPacket): void => {
    if (this.#encodings[encoding.number] !== encoding) return;
    this.#late.clear();
    const i = this.reader.restore(this.#late, encoding, sequence);
    if (i >= 0) this.fanout.forwardLate(stream, encoding, this.#late, i);
    else this.counters.waitedTooLong++;
  };

  /** Works on data for at most `budgetMs`, and sends what came of it. Call while `data.pending`, between other work. */
  dataTurn(budgetMs: number): void {
    this.setClock();
    this.data.work(this.#clock, budgetMs);
    this.datapath.flush(0);
  }

  readonly #clock = (): number => this.datapath.nowUs() / 1000;

  unixMs(): number {
    return this.unixAtZeroMs + this.now;
  }

  setClock(): void {
    const nowUs = this.datapath.nowUs();
    this.now = nowUs / 1000;
    this.transportCc.nowUs = nowUs;
  }

  /** Puts an accepted packet into the turn's batch. */
  enqueue(
    encoding: Encoding,
    packet: number,
    sequence: number,
    timestamp: number,
    marker: number,
    headerLength: number,
    payloadOffset: number,
    payloadLength: number,
  ): void {
    const { batch } = this;
    const i = batch.add();
    if (i < 0) return;
    const { producer, chain } = encoding;
    this.reader.read(
      batch,
      i,
      encoding,
      packet,
      sequence,
      timestamp,
      marker,
      headerLength,
      payloadOffset,
      payloadLength,
    );
    if (producer.kind === 'audio') {
      const at = this.reader.slotOffset(packet) + payloadOffset;
      encoding.frames?.push(sequence, timestamp, this.reader.arena, at, payloadLength);
    } else {
      encoding.layers.packet(batch.spatial[i], batch.temporal[i], payloadLength, this.now);
      if (batch.keyFrame[i] !== 0) {
        encoding.keyFrames.keyFrame();
        encoding.nack?.keyFrame(sequence);
      }
    }
    if (producer.paused || encoding.streamCount === 0) return;
    if (chain.head < 0) {
      chain.head = i;
      this.#touched.push(encoding);
    } else {
      batch.next[chain.tail] = i;
    }
    chain.tail = i;
  }

  /** Forwards what the batch holds of the encoding before something about it changes. */
  forwardNow(encoding: Encoding): void {
    if (encoding.chain.head >= 0) this.#forward(encoding);
  }

  #forward(encoding: Encoding): void {
    const { chain } = encoding;
    const { batch } = this;
    this.fanout.forward(encoding, this.now);
    // The newest by sequence number: a repaired packet may be the chain's last.
    for (let i = chain.head; i >= 0; i = batch.next[i]) {
      const ahead = ((batch.sequence[i] - encoding.forwardedSequence) << 16) >> 16;
      if (encoding.everForwarded && ahead <= 0) continue;
      encoding.everForwarded = true;
      encoding.forwardedSequence = batch.sequence[i];
      encoding.forwardedTimestamp = batch.timestamp[i];
      encoding.forwardedAtMs = this.now;
      const frame = this.reader.frameNumber(batch, i);
      if (frame >= 0) encoding.forwardedFrameNumber = frame;
      if (batch.descriptorLength[i] > 0) {
        const fields = this.reader.describeVp8(batch, i);
        if (fields && fields.pictureId >= 0) encoding.forwardedPictureId = fields.pictureId;
        if (fields && fields.tl0PicIdx >= 0) encoding.forwardedTl0 = fields.tl0PicIdx;
      }
    }
    chain.head = -1;
    chain.tail = -1;
  }

  /** `Switcher` of the fan-out. */
  trySwitch(number: number, encoding: Encoding, batch: SourceBatch, index: number): boolean {
    const stream = this.streams[number];
    if (!stream || batch.keyFrame[index] === 0) return false;
    if (!stream.switchTo(encoding, batch, index, this.reader, this.now)) return false;
    this.counters.switches++;
    stream.transport.subscriber.started(stream);
    this.sourceChanged(stream);
    return true;
  }

  protectionOf(number: number): Protection {
    return this.streams[number]!.protection!;
  }

  flexfecRow(number: number): number {
    return this.streams[number]!.fecNumber;
  }

  filterOf(number: number): LayerFilter {
    return this.streams[number]!.filter!;
  }

  /** Tells the server what a following stream shows now. */
  sourceChanged(stream: VirtualStream): void {
    if (!stream.source || !('follow' in stream.source)) return;
    const producer = stream.epoch?.encoding.producer ?? null;
    this.notify({
      type: 'source',
      transport: stream.transport.id,
      mid: stream.mid,
      producer: stream.producer ? (producer?.id ?? null) : null,
    });
  }

  encoding(number: number): Encoding | undefined {
    return this.#encodings[number];
  }

  *encodings(): Iterable<Encoding> {
    for (const encoding of this.#encodings) if (encoding) yield encoding;
  }

  readonly allocateEncoding = (producer: Producer, rid: string | undefined): Encoding => {
    const number = this.#freeEncodings.pop() ?? this.#encodings.length;
    const encoding = new Encoding(number, producer, rid);
    this.#encodings[number] = encoding;
    return encoding;
  };

  releaseEncoding(encoding: Encoding): void {
    for (let k = encoding.streamCount - 1; k >= 0; k--) this.streams[encoding.streams[k]]?.forget(encoding);
    const touched = this.#touched.indexOf(encoding);
    if (touched >= 0) this.#touched.splice(touched, 1);
    this.#encodings[encoding.number] = undefined;
    this.#freeEncodings.push(encoding.number);
  }

  openRouter(id: string): Router {
    if (this.routers.has(id)) throw new SfuError('conflict', `router ${id} exists`);
    const router = new Router(this, id);
    this.routers.set(id, router);
    return router;
  }

  openTransport(id: string, routerId: string, peer: number, options: TransportOptions = {}): Transport {
    const router = this.routers.get(routerId);
    if (!router) throw new SfuError('not-found', `no router ${routerId}`);
    if (this.transports.has(id)) throw new SfuError('conflict', `transport ${id} exists`);
    const number = this.#transportNumbers.pop() ?? this.#nextTransportNumber++;
    this.transportCc.open(number, options.history);
    this.pacing.open(number);
    const transport = new Transport(this, id, router, number, peer, options);
    this.transports.set(id, transport);
    router.transports.set(id, transport);
    this.#byPeer.set(peer, transport);
    return transport;
  }

  closeTransport(transport: Transport): void {
    this.pacing.close(transport.number);
    transport.close();
    this.transports.delete(transport.id);
    transport.router.transports.delete(transport.id);
    this.#byPeer.delete(transport.peer);
    this.transportCc.close(transport.number);
    this.#transportNumbers.push(transport.number);
  }

  transportOfPeer(peer: number): Transport | undefined {
    return this.#byPeer.get(peer);
  }
}
