/**
 * What a browser tells the other side about what it receives, and when: transport-wide feedback every 100 ms, NACKs as they
 * fall due, PLIs while a key frame is awaited, receiver and sender reports each second. Times in ms.
 */
import {
  MAX_RTCP_BYTES,
  ntpHigh,
  ntpLow,
  type ReportBlock,
  type RtcpWriter,
  TransportFeedbackGenerator,
} from '@efir/rtc';
import type { IncomingStream } from './incoming-stream.js';
import type { OutgoingStream } from './outgoing-stream.js';

export const FEEDBACK_INTERVAL_MS = 100;
const REPORT_INTERVAL_MS = 1000;
/** Between two PLIs for one stream. */
const PLI_PAUSE_MS = 500;
/** A compound packet with 31 blocks would still fit; fewer keep it small. */
const BLOCKS_PER_REPORT = 24;

/** What one of them can't tell of goes into another. */
const MESSAGES_PER_FEEDBACK = 8;

const sequences = new Uint16Array(256);
const feedbackBytes = new Uint8Array(MAX_RTCP_BYTES);

export interface FeedbackStreams {
  readonly outgoing: Iterable<OutgoingStream>;
  readonly incoming: readonly IncomingStream[];
}

export class Feedback {
  /** Null where transport-wide congestion control was not negotiated. */
  readonly transport: TransportFeedbackGenerator | null;
  readonly #streams: FeedbackStreams;
  readonly #localSsrc: number;
  readonly #cname: string;
  #nextFeedbackMs: number;
  #nextReportMs: number;

  /** `phase` (0..1) spreads the moments of many clients over the intervals. */
  constructor(
    streams: FeedbackStreams,
    options: { localSsrc: number; cname: string; transportCc: boolean },
    now: number,
    phase: number,
  ) {
    this.#streams = streams;
    this.#localSsrc = options.localSsrc;
    this.#cname = options.cname;
    this.transport = options.transportCc ? new TransportFeedbackGenerator() : null;
    this.#nextFeedbackMs = now + phase * FEEDBACK_INTERVAL_MS;
    this.#nextReportMs = now + phase * REPORT_INTERVAL_MS;
  }

  /** Writes what is due and hands each compound packet to `send`; the bytes are good for the call only. */
  tick(now: number, unixMs: number, rttMs: number, writer: RtcpWriter, send: (packet: Uint8Array) => void): void {
    writer.reset();
    if (now >= this.#nextReportMs) {
      this.#reports(now, unixMs, writer, send);
      this.#nextReportMs = next(this.#nextReportMs, now, REPORT_INTERVAL_MS);
    }
    for (const stream of this.#streams.incoming) {
      if (stream.missing > 0) this.#nack(stream, stream.due(now, rttMs, sequences), writer, send);
      if (stream.pliDue(now, PLI_PAUSE_MS)) {
        this.#room(writer, send, 12);
        writer.pli(this.#localSsrc, stream.options.ssrc);
      }
    }
    if (this.transport !== null && now >= this.#nextFeedbackMs) {
      const media = this.#streams.incoming[0]?.options.ssrc ?? 0;
      for (let i = 0; i < MESSAGES_PER_FEEDBACK; i++) {
        const length = this.transport.build(now, this.#localSsrc, media, feedbackBytes);
        if (length === 0) break;
        this.#room(writer, send, length);
        writer.append(feedbackBytes, length);
      }
      this.#nextFeedbackMs = next(this.#nextFeedbackMs, now, FEEDBACK_INTERVAL_MS);
    }
    this.#end(writer, send);
  }

  #reports(now: number, unixMs: number, writer: RtcpWriter, send: (packet: Uint8Array) => void): void {
    const blocks: ReportBlock[] = [];
    for (const stream of this.#streams.incoming) {
      if (stream.reception !== null && blocks.length < BLOCKS_PER_REPORT) blocks.push(stream.reception.block(now));
    }
    for (const stream of this.#streams.outgoing) {
      const info = stream.senderInfo(now, ntpHigh(unixMs), ntpLow(unixMs));
      if (info === null) continue;
      this.#room(writer, send, 28 + blocks.length * 24);
      writer.senderReport(info, blocks.splice(0));
    }
    if (writer.length === 0 || blocks.length > 0) writer.receiverReport(this.#localSsrc, blocks);
    writer.sdes(this.#localSsrc, this.#cname);
  }

  #nack(stream: IncomingStream, count: number, writer: RtcpWriter, send: (packet: Uint8Array) => void): void {
    if (count === 0) return;
    this.#room(writer, send, 12 + 4 * count);
    writer.nack(this.#localSsrc, stream.options.ssrc, sequences, count);
  }

  /** Sends what there is if `bytes` more would not fit. */
  #room(writer: RtcpWriter, send: (packet: Uint8Array) => void, bytes: number): void {
    if (writer.length + bytes > MAX_RTCP_BYTES) this.#end(writer, send);
  }

  #end(writer: RtcpWriter, send: (packet: Uint8Array) => void): void {
    if (writer.length === 0) return;
    send(writer.packet);
    writer.reset();
  }
}

/** The next multiple of the interval after `now`, so that a late tick does not shift the rhythm. */
function next(due: number, now: number, interval: number): number {
  return due + interval * Math.max(1, Math.ceil((now - due) / interval));
}
