/**
 * What we tell clients by RTCP, each at its own pace: transport-wide feedback and requests for lost packets and key frames
 * often, reports once a second.
 */
import { ntpHigh, ntpLow, RtcpWriter } from '@efir/rtc';
import type { Encoding } from './encoding.js';
import type { Engine } from './engine.js';
import { MIN_INTERVAL_MS, MIN_PIPED_INTERVAL_MS } from './key-frame-requests.js';
import { NO_ENCODING } from './stream-table.js';
import type { Transport } from './transport.js';

/** Lost packets asked for in one go. */
const NACK_BATCH = 128;
const FEEDBACK_BYTES = 1_200;
/** A round trip as long as none is measured, ms. */
const DEFAULT_RTT_MS = 100;

export class RtcpReports {
  readonly #writer = new RtcpWriter();
  readonly #missing = new Uint16Array(NACK_BATCH);
  readonly #feedback = new Uint8Array(FEEDBACK_BYTES);

  constructor(readonly engine: Engine) {}

  /** Every 20 ms: NACKs and key-frame requests to publishers. */
  repairs(encoding: Encoding): void {
    const { engine } = this;
    const transport = encoding.producer.carrier;
    if (!transport?.connected || encoding.ssrc === 0) return;
    const { nack } = encoding;
    const lost =
      nack && nack.missing > 0 ? nack.due(engine.now, transport.roundTripMs ?? DEFAULT_RTT_MS, this.#missing) : 0;
    if (nack?.keyFrameNeeded) {
      nack.keyFrameNeeded = false;
      if (encoding.producer.kind === 'video') encoding.keyFrames.request();
    }
    const { producer } = encoding;
    const wantKeyFrame =
      encoding.packets > 0 &&
      encoding.streamCount > 0 &&
      // A publisher is asked so often and no more, whichever of its layers it is for; behind a pipe its own router sees to that.
      (producer.piped !== null || engine.now - producer.keyFrameAskedMs >= MIN_INTERVAL_MS) &&
      encoding.keyFrames.due(engine.now, producer.piped ? MIN_PIPED_INTERVAL_MS : MIN_INTERVAL_MS);
    if (lost === 0 && !wantKeyFrame) return;
    const writer = this.#writer;
    writer.reset();
    // RFC 5506: reduced size, no report in front.
    if (lost > 0) {
      writer.nack(transport.localSsrc, encoding.ssrc, this.#missing, lost);
      encoding.nacksSent += lost;
      engine.counters.nacksSent += lost;
    }
    if (wantKeyFrame) {
      if (encoding.codec?.feedback.pli === false && encoding.codec.feedback.fir)
        writer.fir(transport.localSsrc, encoding.ssrc, encoding.keyFrames.sent & 0xff);
      else writer.pli(transport.localSsrc, encoding.ssrc);
      producer.keyFrameAskedMs = engine.now;
      engine.counters.keyFrameRequestsSent++;
    }
    engine.datapath.sendRtcp(transport.peer, writer.packet);
  }

  /** Every 50 ms or so: what came from the client, so that its estimate can grow. */
  transportFeedback(transport: Transport): void {
    if (!transport.connected || !transport.feedback) return;
    const media = transport.anyUplinkSsrc();
    for (let i = 0; i < 4; i++) {
      const length = transport.feedback.build(this.engine.now, transport.localSsrc, media, this.#feedback);
      if (length === 0) return;
      this.engine.datapath.sendRtcp(transport.peer, this.#feedback.subarray(0, length));
    }
  }

  /** Every second: Receiver Reports for what it sends, Sender Reports for what it gets. */
  reports(transport: Transport): void {
    if (!transport.connected) return;
    const { engine } = this;
    const writer = this.#writer;
    const flush = () => {
      if (writer.length > 0) engine.datapath.sendRtcp(transport.peer, writer.packet);
      writer.reset();
    };
    writer.reset();
    const blocks = [];
    for (const producer of transport.producers.values())
      for (const encoding of producer.encodings)
        if (encoding.reception && blocks.length < 31) blocks.push(reportBlock(encoding, engine.now));
    const unix = engine.unixMs();
    const { table } = engine;
    let first = true;
    for (const stream of transport.streams.values()) {
      if (table.current[stream.number] === NO_ENCODING || table.packets[stream.number] === 0) continue;
      const rtpTimestamp = stream.rtpTimeAt(engine.now);
      if (rtpTimestamp === null) continue;
      const info = {
        ssrc: stream.downlink.ssrc,
        ntpHigh: ntpHigh(unix),
        ntpLow: ntpLow(unix),
        rtpTimestamp,
        packets: table.packets[stream.number],
        octets: table.octets[stream.number] % 0x1_0000_0000,
      };
      if (!writer.senderReport(info, first ? blocks : [])) {
        flush();
        writer.senderReport(info, first ? blocks : []);
      }
      writer.sdes(stream.downlink.ssrc, stream.downlink.cname);
      first = false;
    }
    if (first && blocks.length > 0) {
      writer.receiverReport(transport.localSsrc, blocks);
      writer.sdes(transport.localSsrc, engine.cname);
    }
    flush();
  }

  /** The client's sources end. */
  goodbye(transport: Transport): void {
    const writer = this.#writer;
    writer.reset();
    writer.receiverReport(transport.localSsrc);
    for (const stream of transport.streams.values()) if (!writer.bye(stream.downlink.ssrc)) break;
    this.engine.datapath.sendRtcp(transport.peer, writer.packet);
  }
}

/** Sound is made safe against loss by its encoder, which must know what the worst receiver behind us loses. */
function reportBlock(encoding: Encoding, now: number) {
  const block = encoding.reception!.block(now);
  if (encoding.worstLoss > 0) block.fractionLost = Math.max(block.fractionLost, Math.round(encoding.worstLoss * 255));
  return block;
}
