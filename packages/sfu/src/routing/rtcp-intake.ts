/** What clients report and ask for: RTCP in, one compound packet at a time. */
import { ntpHigh, ntpLow, ntpMiddle, parseRtcp, type RtcpVisitor, roundTripMs, unixMsFromNtp } from '@efir/rtc';
import type { Engine } from './engine.js';
import type { Transport } from './transport.js';

/** Share by which a client's later-arriving Sender Reports pull its clock offset up; an earlier one sets it at once. */
const OFFSET_RISE = 0.02;

export class RtcpIntake implements RtcpVisitor {
  #transport!: Transport;

  constructor(readonly engine: Engine) {}

  handle(transport: Transport, offset: number, length: number): void {
    this.#transport = transport;
    if (!parseRtcp(this.engine.reader.arena, offset, length, this)) this.engine.counters.rtcpMalformed++;
  }

  senderReport(ssrc: number, high: number, low: number, rtpTimestamp: number): void {
    const encoding = this.#transport.encodingOf(ssrc);
    if (!encoding) return;
    const { engine } = this;
    encoding.reception?.senderReport(high, low, engine.now);
    // All streams of a client share its clock; we put it on ours by the smallest delay seen, so lips stay in sync and
    // streams of different clients become comparable.
    const offset = engine.unixMs() - unixMsFromNtp(high, low);
    const transport = this.#transport;
    const known = transport.clockOffsetMs;
    if (known === undefined || offset < known || offset - known > 5_000) transport.clockOffsetMs = offset;
    else transport.clockOffsetMs = known + (offset - known) * OFFSET_RISE;
    encoding.reportTimestamp = rtpTimestamp;
    encoding.reportAtMs = unixMsFromNtp(high, low) + transport.clockOffsetMs - engine.unixAtZeroMs;
    encoding.reported = true;
  }

  reportBlock(
    _sender: number,
    ssrc: number,
    fractionLost: number,
    cumulativeLost: number,
    _highestSequence: number,
    jitter: number,
    lastSr: number,
    delaySinceLastSr: number,
  ): void {
    const stream = this.#transport.streamBySsrc.get(ssrc);
    if (!stream) return;
    const clockRate = stream.epoch?.encoding.codec?.clockRate ?? 90_000;
    stream.reported.lost = cumulativeLost;
    stream.reported.fraction = fractionLost / 256;
    stream.reported.jitterMs = (jitter * 1000) / clockRate;
    const unix = this.engine.unixMs();
    const rtt = roundTripMs(ntpMiddle(ntpHigh(unix), ntpLow(unix)), lastSr, delaySinceLastSr);
    if (rtt >= 0) this.#transport.measuredRoundTrip(rtt);
  }

  nack(_sender: number, media: number, sequence: number): void {
    const stream = this.#transport.streamBySsrc.get(media);
    if (stream && this.#transport.connected) this.engine.retransmitter.repair(stream, sequence);
  }

  pli(_sender: number, media: number): void {
    const stream = this.#transport.streamBySsrc.get(media);
    if (stream?.kind !== 'video') return;
    this.engine.counters.keyFrameRequestsReceived++;
    stream.plis++;
    if (!this.#transport.subscriber.mayAsk(stream, this.engine.now)) {
      this.engine.counters.keyFrameRequestsIgnored++;
      return;
    }
    const { table } = this.engine;
    const encoding =
      this.engine.encoding(table.pending[stream.number]) ?? this.engine.encoding(table.current[stream.number]);
    encoding?.keyFrames.request();
  }

  fir(sender: number, media: number): void {
    this.pli(sender, media);
  }

  transportFeedback(bytes: Uint8Array, offset: number, length: number): void {
    this.#transport.subscriber.feedback(bytes, offset, length);
  }

  remb(_sender: number, bitrateBps: number): void {
    this.#transport.remoteEstimateBps = bitrateBps;
    this.#transport.subscriber.remb(bitrateBps);
  }

  bye(ssrc: number): void {
    this.#transport.goodbye(ssrc);
  }
}
