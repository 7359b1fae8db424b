/** Offers of our own clients (load bots, probes): every section on one transport, in the dialect of current browsers. */
import * as sdpTransform from 'sdp-transform';
import { EXTENSION_URIS } from '../rtp/extensions.js';
import { dataLines } from './data.js';
import type {
  CodecFeedback,
  CodecParameters,
  ExtensionIds,
  ExtensionName,
  IceParameters,
  MediaKind,
  RepairParameters,
  SdpFingerprint,
} from './parameters.js';
import { repairLines } from './repair.js';
import type { Direction } from './section.js';

export interface ClientOfferSection {
  mid: string;
  kind: MediaKind;
  direction: Direction;
  /** In order of preference; default `clientCodecs()` of the kind. */
  codecs?: readonly CodecParameters[];
  /** Default `clientExtensions()` of the kind. */
  extensions?: ExtensionIds;
  /** Redundancy that the section takes, such as `clientRepair()`; default: none. */
  repair?: RepairParameters;
  /** Of what the section sends; not with `rids`. */
  ssrc?: number;
  rtxSsrc?: number;
  /** Simulcast layers that the section sends, told apart by rid. */
  rids?: readonly string[];
  cname?: string;
  /** Default `-`, no stream. */
  streamId?: string;
  /** Default: the mid. */
  trackId?: string;
  /** The section has ended and keeps its place only. */
  stopped?: boolean;
}

export interface ClientOfferData {
  mid: string;
  /** Default 5,000. */
  sctpPort?: number;
  /** Longest message that the client takes, bytes; default 262,144. */
  maxMessageSize?: number;
}

export interface ClientOffer {
  ice: IceParameters;
  fingerprint: SdpFingerprint;
  sections: readonly ClientOfferSection[];
  /** Data channels, in a section after the others. */
  data?: ClientOfferData;
  /** Default `actpass`: the server chooses the DTLS roles. */
  setup?: 'actpass' | 'active' | 'passive';
  /** Digits, the same for every offer of a connection. */
  sessionId?: string;
  /** Grows with each offer. */
  sessionVersion?: number;
}

type Media = sdpTransform.SessionDescription['media'][number];

const VIDEO_FEEDBACK: CodecFeedback = { nack: true, pli: true, fir: true, transportCc: true };
const AUDIO_FEEDBACK: CodecFeedback = { nack: false, pli: false, fir: false, transportCc: true };

const CODECS: CodecParameters[] = [
  {
    name: 'opus',
    payloadType: 111,
    clockRate: 48_000,
    channels: 2,
    fmtp: { minptime: '10', useinbandfec: '1' },
    feedback: AUDIO_FEEDBACK,
  },
  { name: 'vp8', payloadType: 96, clockRate: 90_000, fmtp: {}, rtxPayloadType: 97, feedback: VIDEO_FEEDBACK },
  {
    name: 'vp9',
    payloadType: 98,
    clockRate: 90_000,
    fmtp: { 'profile-id': '0' },
    rtxPayloadType: 99,
    feedback: VIDEO_FEEDBACK,
  },
  {
    name: 'h264',
    payloadType: 102,
    clockRate: 90_000,
    fmtp: { 'level-asymmetry-allowed': '1', 'packetization-mode': '1', 'profile-level-id': '42e01f' },
    rtxPayloadType: 103,
    feedback: VIDEO_FEEDBACK,
  },
  {
    name: 'av1',
    payloadType: 45,
    clockRate: 90_000,
    fmtp: { 'level-idx': '5', profile: '0', tier: '0' },
    rtxPayloadType: 46,
    feedback: VIDEO_FEEDBACK,
  },
];

/** Codecs with the payload types our clients use. `names`: which and in what order; default opus, or vp8 and h264. */
export function clientCodecs(kind: MediaKind, names?: readonly string[]): CodecParameters[] {
  const wanted = names ?? (kind === 'audio' ? ['opus'] : ['vp8', 'h264']);
  return wanted.flatMap((name) =>
    CODECS.filter((codec) => codec.name === name && (name === 'opus') === (kind === 'audio')),
  );
}

/** Header extensions with the ids our clients use, the same in every section. */
export function clientExtensions(kind: MediaKind): ExtensionIds {
  if (kind === 'audio') return { audioLevel: 1, absCaptureTime: 2, transportCc: 3, mid: 4 };
  return {
    absCaptureTime: 2,
    transportCc: 3,
    mid: 4,
    playoutDelay: 5,
    rid: 10,
    repairedRid: 11,
    dependencyDescriptor: 12,
    videoOrientation: 13,
  };
}

/** Redundancy with the payload types our clients use. */
export function clientRepair(kind: MediaKind): RepairParameters {
  return kind === 'audio' ? { red: 63, redBlock: 111 } : { red: 118, ulpfec: 120, flexfec: 49 };
}

/** SDP with CRLF line ends. */
export function createOffer(offer: ClientOffer): string {
  const live = offer.sections.filter((section) => !section.stopped).map((section) => section.mid);
  if (offer.data) live.push(offer.data.mid);
  return sdpTransform.write({
    version: 0,
    origin: {
      username: '-',
      sessionId: offer.sessionId ?? '1',
      sessionVersion: offer.sessionVersion ?? 1,
      netType: 'IN',
      ipVer: 4,
      address: '127.0.0.1',
    },
    name: '-',
    timing: { start: 0, stop: 0 },
    ...(live.length > 0 && { groups: [{ type: 'BUNDLE', mids: live.join(' ') }] }),
    extmapAllowMixed: 'extmap-allow-mixed',
    msidSemantic: { semantic: 'WMS', token: '*' },
    media: [
      ...offer.sections.map((section) => sectionMedia(section, offer)),
      ...(offer.data ? [dataMedia(offer.data, offer)] : []),
    ],
  });
}

function dataMedia({ mid, sctpPort, maxMessageSize }: ClientOfferData, offer: ClientOffer): Media {
  return {
    ...dataLines(mid, sctpPort, maxMessageSize),
    port: 9,
    connection: { version: 4, ip: '0.0.0.0' },
    ...transportLines(offer),
  };
}

function transportLines(offer: ClientOffer): Partial<Media> {
  return {
    iceUfrag: offer.ice.usernameFragment,
    icePwd: offer.ice.password,
    iceOptions: 'trickle',
    fingerprint: { type: offer.fingerprint.algorithm, hash: offer.fingerprint.value },
    setup: offer.setup ?? 'actpass',
  };
}

function sectionMedia(section: ClientOfferSection, offer: ClientOffer): Media {
  const codecs = section.codecs ?? clientCodecs(section.kind);
  const repair = repairLines(section.kind, section.repair);
  const payloads = codecs.flatMap(({ payloadType, rtxPayloadType: rtx }) =>
    rtx === undefined ? [payloadType] : [payloadType, rtx],
  );
  const media: Media = {
    type: section.kind,
    port: section.stopped ? 0 : 9,
    protocol: 'UDP/TLS/RTP/SAVPF',
    payloads: [...payloads, ...repair.payloads].join(' '),
    connection: { version: 4, ip: '0.0.0.0' },
    mid: section.mid,
    direction: section.stopped ? 'inactive' : section.direction,
    rtp: [],
    fmtp: [],
  };
  if (section.stopped) return media;
  const lines = codecLines(codecs);
  return {
    ...media,
    ...transportLines(offer),
    rtcpMux: 'rtcp-mux',
    rtcpRsize: 'rtcp-rsize',
    ...lines,
    rtp: [...lines.rtp, ...repair.rtp],
    fmtp: [...lines.fmtp, ...repair.fmtp],
    ext: Object.entries(section.extensions ?? clientExtensions(section.kind)).map(([name, value]) => ({
      value,
      uri: EXTENSION_URIS[name as ExtensionName],
    })),
    ...(sends(section.direction) && streamLines(section)),
  };
}

function codecLines(codecs: readonly CodecParameters[]): Pick<Media, 'rtp' | 'fmtp' | 'rtcpFb'> {
  const lines: Required<Pick<Media, 'rtp' | 'fmtp' | 'rtcpFb'>> = { rtp: [], fmtp: [], rtcpFb: [] };
  for (const { name, payloadType: payload, clockRate: rate, channels, fmtp, rtxPayloadType, feedback } of codecs) {
    lines.rtp.push({ payload, codec: name === 'opus' ? name : name.toUpperCase(), rate, encoding: channels });
    const config = Object.entries(fmtp).map(([key, value]) => (value === '' ? key : `${key}=${value}`));
    if (config.length > 0) lines.fmtp.push({ payload, config: config.join(';') });
    if (feedback.transportCc) lines.rtcpFb.push({ payload, type: 'transport-cc' });
    if (feedback.fir) lines.rtcpFb.push({ payload, type: 'ccm', subtype: 'fir' });
    if (feedback.nack) lines.rtcpFb.push({ payload, type: 'nack' });
    if (feedback.pli) lines.rtcpFb.push({ payload, type: 'nack', subtype: 'pli' });
    if (rtxPayloadType !== undefined) {
      lines.rtp.push({ payload: rtxPayloadType, codec: 'rtx', rate });
      lines.fmtp.push({ payload: rtxPayloadType, config: `apt=${payload}` });
    }
  }
  return lines;
}

function streamLines(section: ClientOfferSection): Partial<Media> {
  const { ssrc, rtxSsrc, rids, cname = 'efir', streamId = '-', trackId = section.mid } = section;
  const msid = [{ id: streamId, appdata: trackId }];
  if (rids && rids.length > 0) {
    return {
      msid,
      rids: rids.map((id) => ({ id, direction: 'send' })),
      simulcast: { dir1: 'send', list1: rids.join(';') },
    };
  }
  if (ssrc === undefined) return { msid };
  const ssrcs = rtxSsrc === undefined ? [ssrc] : [ssrc, rtxSsrc];
  return {
    msid,
    ssrcs: ssrcs.map((id) => ({ id, attribute: 'cname', value: cname })),
    ...(rtxSsrc !== undefined && { ssrcGroups: [{ semantics: 'FID', ssrcs: `${ssrc} ${rtxSsrc}` }] }),
  };
}

function sends(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}
