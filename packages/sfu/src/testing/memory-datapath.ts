/** A datapath without sockets or ciphers for the engine's tests: packets are put in, rows come out as the bytes they stand for. */
import {
  type Datapath,
  KIND_DATA,
  KIND_RTCP,
  KIND_RTP,
  MADE_BYTES,
  PATH_BYTES,
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
  SLOT_BYTES,
  TX_FLAGS,
  TX_MADE,
  TX_PACKET,
  TX_PADDING,
  TX_PAYLOAD_LENGTH,
  TX_PAYLOAD_OFFSET,
  TX_PREFIX_BYTES,
  TX_PREFIX_LENGTH,
  TX_STREAM,
  TX_STRIDE,
} from '@efir/datapath';
import { parseRtpHeader, RtpHeader } from '@efir/rtc';

const KINDS = { rtp: KIND_RTP, rtcp: KIND_RTCP, data: KIND_DATA };

export interface SentRtp {
  peer: number;
  bytes: Uint8Array;
  header: RtpHeader;
  payload: Uint8Array;
  flags: number;
}

export class MemoryDatapath implements Partial<Datapath> {
  readonly slots = 1024;
  readonly rxRows = 128;
  readonly txRows = 64;
  readonly arena = new Uint8Array(this.slots * SLOT_BYTES);
  readonly rx = new Uint32Array(this.rxRows * RX_STRIDE);
  readonly rxPaths = new Uint8Array(this.rxRows * PATH_BYTES);
  readonly tx = new Uint32Array(this.txRows * TX_STRIDE);
  readonly txPrefix = new Uint8Array(this.txRows * TX_PREFIX_BYTES);
  readonly made = new Uint8Array(MADE_BYTES);
  readonly txPrefixWords = new Uint32Array(this.txPrefix.buffer);
  timeUs = 1_000_000;
  sent: SentRtp[] = [];
  rtcp: { peer: number; bytes: Uint8Array }[] = [];
  data: { peer: number; bytes: Uint8Array }[] = [];
  readonly #streams: { peer: number; ssrc: number }[] = [{ peer: -1, ssrc: 0 }];
  #peers = 0;
  #packet = 0;
  #waiting = 0;

  nowUs(): number {
    return this.timeUs;
  }

  createPeer(): number {
    return ++this.#peers;
  }

  addStream(peer: number, ssrc: number): number {
    return this.#streams.push({ peer, ssrc }) - 1;
  }

  removeStream(): void {}
  closePeer(): void {}

  sendRtcp(peer: number, packet: Uint8Array): void {
    this.rtcp.push({ peer, bytes: packet.slice() });
  }

  sendData(peer: number, packet: Uint8Array): void {
    this.data.push({ peer, bytes: packet.slice() });
  }

  peerStats(): undefined {}

  /** Puts a decrypted packet where `receive()` will find it. */
  arrive(peer: number, kind: 'rtp' | 'rtcp' | 'data', bytes: Uint8Array): void {
    const packet = this.#packet++;
    this.arena.set(bytes, (packet % this.slots) * SLOT_BYTES);
    const at = this.#waiting++ * RX_STRIDE;
    this.rx[at + RX_KIND] = KINDS[kind];
    this.rx[at + RX_PACKET] = packet;
    this.rx[at + RX_LENGTH] = bytes.length;
    this.rx[at + RX_PEER] = peer;
    this.rx[at + RX_ARRIVAL_US] = this.timeUs;
    const header = new RtpHeader();
    if (kind !== 'rtp' || !parseRtpHeader(bytes, 0, bytes.length, header)) return;
    this.rx[at + RX_SSRC] = header.ssrc;
    this.rx[at + RX_SEQUENCE] = header.sequence;
    this.rx[at + RX_TIMESTAMP] = header.timestamp;
    this.rx[at + RX_HEADER_LENGTH] = header.headerLength;
    this.rx[at + RX_PAYLOAD_LENGTH] = header.payloadLength;
    this.rx[at + RX_MARKER_TYPE] = bytes[1];
  }

  receive(): number {
    const count = this.#waiting;
    this.#waiting = 0;
    return count;
  }

  flush(rows: number): void {
    for (let row = 0; row < rows; row++) {
      const at = row * TX_STRIDE;
      const prefix = this.txPrefix.slice(row * TX_PREFIX_BYTES, row * TX_PREFIX_BYTES + this.tx[at + TX_PREFIX_LENGTH]);
      const slot = (this.tx[at + TX_PACKET] % this.slots) * SLOT_BYTES + this.tx[at + TX_PAYLOAD_OFFSET];
      const padding = this.tx[at + TX_PADDING];
      const bytes = new Uint8Array(prefix.length + this.tx[at + TX_PAYLOAD_LENGTH] + padding);
      bytes.set(prefix);
      const made = (this.tx[at + TX_FLAGS] & TX_MADE) !== 0;
      const from = made ? this.tx[at + TX_PAYLOAD_OFFSET] : slot;
      const source = made ? this.made : this.arena;
      bytes.set(source.subarray(from, from + this.tx[at + TX_PAYLOAD_LENGTH]), prefix.length);
      if (padding > 0) bytes[bytes.length - 1] = padding;
      const header = new RtpHeader();
      if (!parseRtpHeader(bytes, 0, bytes.length, header)) throw new Error('a row is no RTP packet');
      const stream = this.#streams[this.tx[at + TX_STREAM]];
      if (header.ssrc !== stream.ssrc) throw new Error('a row has another SSRC than its stream');
      const payload = bytes.slice(header.headerLength, header.headerLength + header.payloadLength);
      this.sent.push({ peer: stream.peer, bytes, header, payload, flags: this.tx[at + TX_FLAGS] });
    }
  }

  /** What went out since the last call. */
  take(): SentRtp[] {
    const { sent } = this;
    this.sent = [];
    return sent;
  }
}
