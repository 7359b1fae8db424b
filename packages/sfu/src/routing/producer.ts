/** What one section of a publisher carries: one encoding, or one per simulcast layer. */
import type { CodecParameters, ExtensionIds, MediaKind, SectionParameters } from '@efir/rtc';
import { sourceTag } from '../source-tag.js';
import type { Encoding } from './encoding.js';
import type { PipedFrom } from './pipe/piped-producers.js';
import { CARRIED, CARRIED_EXTENSIONS } from './source-batch.js';
import type { Transport } from './transport.js';

/** Names that clients give their layers, from the lowest: quarter, half, full; low, medium, high; and by number. */
const RID_RANK = [
  'q',
  'l',
  'low',
  '0',
  'r0',
  'm',
  'mid',
  'medium',
  '1',
  'r1',
  'h',
  'hi',
  'high',
  '2',
  'r2',
  'f',
  'full',
];

export class Producer {
  readonly id: string;
  readonly mid: string;
  readonly kind: MediaKind;
  /** CSRC at subscribers. */
  readonly tag: number;
  encodings: Encoding[] = [];
  paused = false;
  /** Its publisher is not heard any more, and another is: see `markDeserted`. */
  deserted = false;
  /** The transport that its packets come by, while it is there. */
  carrier: Transport | null = null;
  /** There if they come from another router: how. */
  piped: PipedFrom | null = null;
  /** Packets came within the last 3 s; as told to the server. */
  active = false;
  /** When a key frame was last asked for, of any of its encodings, ms. */
  keyFrameAskedMs = Number.NEGATIVE_INFINITY;
  extensions: ExtensionIds = {};
  /** Ids of the carried extensions here, 0 where not negotiated. */
  readonly carriedIds = new Uint8Array(CARRIED);
  #codecs = new Map<number, CodecParameters>();
  /** RTX payload type to the payload type it repairs. */
  #repairs = new Map<number, number>();

  constructor(
    /** Id of the transport that publishes it, here or elsewhere. */
    readonly transport: string,
    section: SectionParameters,
    allocate: (producer: Producer, rid: string | undefined) => Encoding,
  ) {
    this.id = `${transport}/${section.mid}`;
    this.tag = sourceTag(this.id);
    this.mid = section.mid;
    this.kind = section.kind;
    this.update(section, allocate);
  }

  /** Takes a renegotiated section over; encodings that were there stay. */
  update(section: SectionParameters, allocate: (producer: Producer, rid: string | undefined) => Encoding): void {
    this.extensions = section.extensions;
    CARRIED_EXTENSIONS.forEach((name, k) => {
      this.carriedIds[k] = section.extensions[name] ?? 0;
    });
    this.#codecs = new Map(section.codecs.map((codec) => [codec.payloadType, codec]));
    this.#repairs = new Map(
      section.codecs.filter((c) => c.rtxPayloadType !== undefined).map((c) => [c.rtxPayloadType!, c.payloadType]),
    );
    for (const [index, wanted] of (section.uplink?.encodings ?? []).entries()) {
      let encoding = this.encodings.find((e) => e.rid === wanted.rid && (wanted.rid !== undefined || index === 0));
      if (!encoding) {
        encoding = allocate(this, wanted.rid);
        this.encodings.push(encoding);
      }
      if (wanted.ssrc !== undefined) encoding.ssrc = wanted.ssrc;
      if (wanted.rtxSsrc !== undefined) encoding.rtxSsrc = wanted.rtxSsrc;
    }
  }

  get codecs(): Iterable<CodecParameters> {
    return this.#codecs.values();
  }

  codec(payloadType: number): CodecParameters | undefined {
    return this.#codecs.get(payloadType);
  }

  /** The payload type that RTX payload type `payloadType` repairs. */
  repairs(payloadType: number): number | undefined {
    return this.#repairs.get(payloadType);
  }

  /** There is something to choose from. */
  get layered(): boolean {
    const [first] = this.encodings;
    return this.encodings.length > 1 || (first !== undefined && first.layers.topSpatial + first.layers.topTemporal > 0);
  }

  /** Encodings from the lowest resolution; where it isn't known, by their names or in the order of the offer. */
  get ordered(): readonly Encoding[] {
    if (this.encodings.length < 2) return this.encodings;
    const heights = this.encodings.map((encoding) => encoding.layers.height(0));
    if (heights.every((height) => height > 0)) {
      return [...this.encodings].sort((a, b) => a.layers.height(0) - b.layers.height(0));
    }
    const ranks = this.encodings.map(({ rid }) => RID_RANK.indexOf(rid ?? ''));
    if (ranks.every((rank) => rank >= 0)) {
      return [...this.encodings].sort((a, b) => RID_RANK.indexOf(a.rid!) - RID_RANK.indexOf(b.rid!));
    }
    return this.encodings;
  }
}

/** The codec among `offered` in which `codec`'s packets can be sent on as they are (same name and, where it matters, profile). */
export function matchingCodec(codec: CodecParameters, offered: CodecParameters[]): CodecParameters | undefined {
  const same = offered.filter((c) => c.name === codec.name && c.clockRate === codec.clockRate);
  if (codec.name === 'h264') {
    const exact = same.find((c) => c.fmtp['profile-level-id'] === codec.fmtp['profile-level-id']);
    return exact ?? same.find((c) => h264Class(c) === h264Class(codec)) ?? highestH264(same);
  }
  if (codec.name === 'vp9')
    return same.find((c) => (c.fmtp['profile-id'] ?? '0') === (codec.fmtp['profile-id'] ?? '0'));
  if (codec.name === 'av1') return same.find((c) => (c.fmtp.profile ?? '0') === (codec.fmtp.profile ?? '0'));
  return same[0];
}

/** profile_idc; baseline and constrained baseline count as one. */
function h264Class(codec: CodecParameters): string {
  return (codec.fmtp['profile-level-id'] ?? '42e01f').slice(0, 2).toLowerCase();
}

/** A decoder for a higher profile takes the lower ones too. */
function highestH264(codecs: CodecParameters[]): CodecParameters | undefined {
  return [...codecs].sort((a, b) => Number.parseInt(h264Class(b), 16) - Number.parseInt(h264Class(a), 16))[0];
}
