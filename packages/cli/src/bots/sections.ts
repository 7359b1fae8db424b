/**
 * The media sections of a robot's PeerConnection: what it sends, then what it receives, in the order in which they were
 * added. Sections are never taken away (JSEP).
 */
import type { OfferRequest } from '@efir/protocol';
import {
  type AnsweredSection,
  type ClientOfferSection,
  clientCodecs,
  clientExtensions,
  type MediaKind,
  type SectionParameters,
} from '@efir/rtc';

interface SendingStream {
  rid?: string;
  ssrc: number;
  rtxSsrc?: number;
}

export interface RobotSection {
  mid: string;
  kind: MediaKind;
  direction: 'sendonly' | 'recvonly';
  /** What it sends: one stream, or one by rid for each simulcast layer. */
  streams: SendingStream[];
}

const VIDEO_CODECS = ['vp8', 'vp9', 'h264', 'av1'];
/** Receiving sections of one kind; a room that is larger is heard and seen in part. */
const MAX_RECEIVING = 64;

export class RobotSections {
  readonly list: RobotSection[] = [];
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Adds a sending section, of simulcast layers if there are `rids`; returns its mid. */
  send(kind: MediaKind, rids: readonly string[] = []): string {
    const mid = String(this.list.length);
    const section: RobotSection = { mid, kind, direction: 'sendonly', streams: [] };
    this.list.push(section);
    for (const rid of rids.length > 0 ? rids : [undefined]) {
      const stream: SendingStream = { rid, ssrc: this.#ssrc() };
      section.streams.push(stream);
      if (kind === 'video') stream.rtxSsrc = this.#ssrc();
    }
    return mid;
  }

  /** Adds receiving sections, as far as there is room for them; false when there was none. */
  receive(audio: number, video: number): boolean {
    let added = false;
    for (const [kind, count] of [
      ['audio', audio],
      ['video', video],
    ] as const) {
      const room = MAX_RECEIVING - this.list.filter((s) => s.kind === kind && s.direction === 'recvonly').length;
      for (let i = 0; i < Math.min(count, room); i++) {
        this.list.push({ mid: String(this.list.length), kind, direction: 'recvonly', streams: [] });
        added = true;
      }
    }
    return added;
  }

  /** For `createOffer`. Clips are VP8, so that is all that a sending section offers. */
  offered(cname: string): ClientOfferSection[] {
    return this.list.map(({ mid, kind, direction, streams }) => ({
      mid,
      kind,
      direction,
      // Layers are told apart by what their packets say (RFC 8853).
      ...(streams[0]?.rid === undefined
        ? { ssrc: streams[0]?.ssrc, rtxSsrc: streams[0]?.rtxSsrc }
        : { rids: streams.map(({ rid }) => rid!) }),
      cname,
      streamId: cname,
      trackId: `${cname}-${mid}`,
      codecs: clientCodecs(kind, kind === 'audio' ? ['opus'] : direction === 'sendonly' ? ['vp8'] : VIDEO_CODECS),
      extensions: clientExtensions(kind),
    }));
  }

  /** For the `offer` message. */
  tracks(): NonNullable<OfferRequest['tracks']> {
    return this.list
      .filter(({ direction }) => direction === 'sendonly')
      .map(({ mid, kind }) => ({ mid, source: kind === 'audio' ? 'microphone' : 'camera' }));
  }

  /** What offer and answer agree on, as the server sees it. Sections that were rejected are left out. */
  agreed(answered: readonly AnsweredSection[], cname: string): SectionParameters[] {
    return this.list.flatMap((section): SectionParameters[] => {
      const answer = answered.find(({ mid }) => mid === section.mid);
      if (!answer?.accepted || answer.codecs.length === 0) return [];
      const { mid, kind, streams, direction } = section;
      const { codecs, extensions, stream } = answer;
      const common = { mid, kind, codecs, extensions };
      if (direction === 'sendonly') {
        const encodings = streams.filter(({ rid }) => rid === undefined || answer.receiveRids.includes(rid));
        return [{ ...common, uplink: { encodings, cname } }];
      }
      if (stream?.ssrc === undefined) return [];
      const { cname: theirs = '', streamId = '', trackId = '' } = stream;
      return [
        { ...common, downlink: { ssrc: stream.ssrc, rtxSsrc: stream.rtxSsrc, cname: theirs, streamId, trackId } },
      ];
    });
  }

  #ssrc(): number {
    for (;;) {
      const ssrc = Math.floor(this.#random() * 0xffff_fffe) + 1;
      const taken = this.list.some(({ streams }) => streams.some((s) => s.ssrc === ssrc || s.rtxSsrc === ssrc));
      if (!taken) return ssrc;
    }
  }
}
