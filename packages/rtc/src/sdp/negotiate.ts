/**
 * Offer and policy in, agreement out: plain data that crosses process borders and is handed in again with the next offer.
 * Payload types, extension ids and mids are the client's; SSRCs of what we send are ours and stay for the mid's life.
 */
import { type AnswerCodec, agreeCodecs, codecParameters } from './codecs.js';
import { checkDataContinuity, type DataParameters, dataRejection, readData } from './data.js';
import { SdpError } from './error.js';
import { type AgreedExtension, agreeExtensions, type BundleExtensions } from './extensions.js';
import type { ParsedOffer } from './offer.js';
import type {
  DownlinkParameters,
  IceParameters,
  MediaKind,
  RepairParameters,
  SdpFingerprint,
  SectionParameters,
} from './parameters.js';
import { agreeRepair, type RepairPolicy } from './repair.js';
import type { Direction, Section } from './section.js';
import { readUplink } from './uplink.js';

export interface NegotiateOptions {
  /** Lower-case names; these come first in the answer in this order, the others after them in the offer's order. */
  videoCodecs?: readonly string[];
  /** The agreement before, for every offer but the first of a PeerConnection. */
  previous?: Negotiated;
  /** A random SSRC, 1..2^32-1. Called again if the client uses it already. */
  allocateSsrc(): number;
  /** CNAME of everything we send to this client. */
  cname: string;
  /** Whether the client may send; default true. */
  publish?: boolean;
  /** Whether the client may receive; default true. */
  subscribe?: boolean;
  /** Whether data channels are served; default true. */
  data?: boolean;
  /** Redundancy that is accepted where it is offered; default: none. */
  repair?: RepairPolicy;
  /** Audio and video sections that are accepted at most; those beyond are rejected. Default: all. */
  maxSections?: number;
  /**
   * `a=msid` stream of all that we send, for players that want one stream of audio and video. Default: a stream for each
   * section, as sections carry different people. A section keeps the stream it began with.
   */
  streamId?: string;
}

export interface Negotiated {
  /** The accepted audio and video sections, in the offer's order. Those without uplink and downlink are inactive now. */
  sections: SectionParameters[];
  rejected: { mid: string; reason: string }[];
  remoteIce: IceParameters;
  fingerprints: SdpFingerprint[];
  /** Our role in the DTLS handshake. It stays for the life of the association. */
  dtlsRole: 'client' | 'server';
  /** The client brought other ICE credentials than before (RFC 8445 section 9). */
  iceRestart: boolean;
  /** The data channels, if there is a section for them. */
  data?: DataParameters;
  /** Every m-line in its place, as `writeAnswer` needs it. */
  answer: AnswerSection[];
  extmapAllowMixed: boolean;
  /** What every section that is still there sends or sent from us, also while it is inactive. */
  downlinks: Record<string, DownlinkParameters>;
}

export interface AnswerSection {
  mid: string;
  kind: string;
  protocol: string;
  accepted: boolean;
  /** The offer's formats, for a rejected section. */
  formats: string;
  direction: Direction;
  rtcpRsize: boolean;
  codecs: AnswerCodec[];
  extensions: AgreedExtension[];
  repair?: RepairParameters;
  /** Layers of the client that we are ready to receive. */
  receiveRids: string[];
  simulcast: boolean;
}

const RTP_PROTOCOL = /^(UDP\/TLS\/|TCP\/TLS\/|TCP\/DTLS\/|)RTP\/SAVPF?$/;

/**
 * Agrees to what can be agreed. Throws `SdpError`: `unsupported` if nothing in the offer can be served, `changed` if it
 * contradicts the agreement before, `bad-setup` if the DTLS roles would have to change.
 */
export function negotiate(offer: ParsedOffer, options: NegotiateOptions): Negotiated {
  const { previous } = options;
  checkContinuity(offer, previous);
  const taken = ssrcsInUse(offer, previous);
  const bundleExtensions: BundleExtensions = new Map();
  const sections: SectionParameters[] = [];
  const rejected: Negotiated['rejected'] = [];
  const answer: AnswerSection[] = [];
  const downlinks = new Map<string, DownlinkParameters>();
  let data: DataParameters | undefined;

  for (const section of offer.sections) {
    if (section.kind === 'application') {
      const refusal = data ? 'there is a data section already' : applicationRejection(section, offer, options);
      if (refusal !== null) {
        rejected.push({ mid: section.mid, reason: refusal });
        answer.push(plainSection(section, false));
        continue;
      }
      data = readData(section);
      checkDataContinuity(data, previous?.data);
      answer.push(plainSection(section, true));
      continue;
    }
    const reason = rejection(section, offer, sections.length, options);
    const codecs = reason === null ? agreeCodecs(section, options.videoCodecs ?? []) : [];
    const refusal = reason ?? (codecs.length === 0 ? noCodecReason(section) : null);
    if (refusal !== null) {
      rejected.push({ mid: section.mid, reason: refusal });
      answer.push(plainSection(section, false));
      continue;
    }
    const kind = section.kind as MediaKind;
    const extensions = agreeExtensions(kind, section.extensions, bundleExtensions);
    const hasTransportCc = extensions.some((extension) => extension.name === 'transportCc');
    const publishes = (options.publish ?? true) && sends(section.direction);
    const subscribes = (options.subscribe ?? true) && receives(section.direction);
    const payloadTypes = codecs.map((codec) => codec.payloadType);
    const repair = agreeRepair(section, payloadTypes, publishes, options.repair ?? {});
    const parameters: SectionParameters = {
      mid: section.mid,
      kind,
      codecs: codecs.map((codec) => codecParameters(kind, codec, hasTransportCc)),
      extensions: Object.fromEntries(extensions.map(({ name, id }) => [name, id])),
      ...(repair && { repair }),
    };
    const known = previous && Object.hasOwn(previous.downlinks, section.mid) ? previous.downlinks[section.mid] : null;
    if (publishes) parameters.uplink = readUplink(section);
    if (subscribes || known) {
      const withRtx = codecs.some((codec) => codec.rtx);
      const withFlexfec = repair?.flexfec !== undefined;
      const stream = downlink(section.mid, known, { withRtx, withFlexfec }, taken, options);
      downlinks.set(section.mid, stream);
      if (subscribes) parameters.downlink = stream;
    }
    sections.push(parameters);
    answer.push({
      mid: section.mid,
      kind,
      protocol: section.protocol,
      accepted: true,
      formats: '',
      direction: publishes ? (subscribes ? 'sendrecv' : 'recvonly') : subscribes ? 'sendonly' : 'inactive',
      rtcpRsize: section.rtcpRsize,
      codecs: codecs.map((codec) => ({ ...codec, feedback: feedbackNames(kind, codec, hasTransportCc) })),
      extensions,
      ...(repair && { repair }),
      receiveRids: publishes ? section.sendRids : [],
      simulcast: section.simulcast,
    });
  }
  if (sections.length === 0 && !data && !previous) throw nothingAgreed(offer, rejected);
  return {
    sections,
    rejected,
    remoteIce: offer.ice,
    fingerprints: offer.fingerprints,
    dtlsRole: dtlsRole(offer, previous),
    iceRestart: previous !== undefined && !sameIce(previous.remoteIce, offer.ice),
    ...(data && { data }),
    answer,
    extmapAllowMixed: offer.extmapAllowMixed,
    // fromEntries makes own properties only, whatever the mids are.
    downlinks: Object.fromEntries(downlinks),
  };
}

function rejection(section: Section, offer: ParsedOffer, accepted: number, options: NegotiateOptions): string | null {
  if (section.stopped) return 'it is off (port 0)';
  if (section.kind !== 'audio' && section.kind !== 'video') return `"${section.kind.slice(0, 32)}" is not served`;
  if (!RTP_PROTOCOL.test(section.protocol)) return `the protocol ${section.protocol.slice(0, 32)} is not served`;
  if (!offer.bundle.includes(section.mid)) return 'it is not in the BUNDLE group';
  if (accepted >= (options.maxSections ?? Number.POSITIVE_INFINITY)) return 'there are too many sections';
  return null;
}

function applicationRejection(section: Section, offer: ParsedOffer, options: NegotiateOptions): string | null {
  if (section.stopped) return 'it is off (port 0)';
  if (options.data === false) return 'data channels are not served';
  const reason = dataRejection(section);
  if (reason !== null) return reason;
  return offer.bundle.includes(section.mid) ? null : 'it is not in the BUNDLE group';
}

function noCodecReason(section: Section): string {
  const names = [...new Set(section.codecs.map((codec) => codec.encodingName))].slice(0, 8).join(', ');
  return names === '' ? 'it offers no codec' : `none of its codecs is served as offered (${names.slice(0, 120)})`;
}

function nothingAgreed(offer: ParsedOffer, rejected: Negotiated['rejected']): SdpError {
  const reasons = rejected
    .slice(0, 8)
    .map(({ reason }, index) => `section ${index} (${offer.sections[index].kind.slice(0, 32)}): ${reason}`);
  return new SdpError('unsupported', `Nothing in the offer can be served; ${reasons.join('; ')}.`);
}

/** What was agreed holds: kinds, the certificate, and the m-lines' places. */
function checkContinuity(offer: ParsedOffer, previous: Negotiated | undefined): void {
  if (!previous) return;
  if (offer.sections.length < previous.answer.length) {
    throw new SdpError(
      'changed',
      'The new offer has fewer sections than the one before; sections may only be stopped.',
    );
  }
  const kinds = previous.data
    ? [...previous.sections, { mid: previous.data.mid, kind: 'application' }]
    : previous.sections;
  for (const { mid, kind } of kinds) {
    const now = offer.sections.find((section) => section.mid === mid && !section.stopped);
    if (now && now.kind !== kind) {
      throw new SdpError('changed', `Section "${mid}" was ${kind} and is ${now.kind.slice(0, 32)} now.`);
    }
  }
  const same = offer.fingerprints.some((now) =>
    previous.fingerprints.some((before) => before.algorithm === now.algorithm && before.value === now.value),
  );
  if (!same)
    throw new SdpError('changed', 'The new offer has another certificate fingerprint; that needs a new connection.');
}

function dtlsRole(offer: ParsedOffer, previous: Negotiated | undefined): 'client' | 'server' {
  const wanted = offer.setup === 'passive' ? 'client' : 'server';
  if (!previous || offer.setup === 'actpass') return previous?.dtlsRole ?? wanted;
  if (wanted !== previous.dtlsRole) {
    throw new SdpError('bad-setup', `a=setup:${offer.setup} contradicts the DTLS roles that were agreed before.`);
  }
  return wanted;
}

/** SSRCs that a new stream of ours must not take: the client's and our own. */
function ssrcsInUse(offer: ParsedOffer, previous: Negotiated | undefined): Set<number> {
  const taken = new Set<number>();
  for (const section of offer.sections) {
    for (const { ssrc } of section.ssrcs) taken.add(ssrc);
    for (const group of section.ssrcGroups) for (const ssrc of group.ssrcs) taken.add(ssrc);
  }
  for (const { ssrc, rtxSsrc, flexfecSsrc } of Object.values(previous?.downlinks ?? {})) {
    taken.add(ssrc);
    if (rtxSsrc !== undefined) taken.add(rtxSsrc);
    if (flexfecSsrc !== undefined) taken.add(flexfecSsrc);
  }
  return taken;
}

function downlink(
  mid: string,
  known: DownlinkParameters | null,
  { withRtx, withFlexfec }: { withRtx: boolean; withFlexfec: boolean },
  taken: Set<number>,
  options: NegotiateOptions,
): DownlinkParameters {
  const made: DownlinkParameters = known
    ? { ...known }
    : {
        ssrc: allocate(taken, options),
        cname: options.cname,
        streamId: options.streamId ?? `stream-${mid}`,
        trackId: `track-${mid}`,
      };
  if (withRtx) made.rtxSsrc ??= allocate(taken, options);
  if (withFlexfec) made.flexfecSsrc ??= allocate(taken, options);
  return made;
}

function allocate(taken: Set<number>, options: NegotiateOptions): number {
  let ssrc = options.allocateSsrc() >>> 0;
  // With a broken source of randomness the next free number does.
  for (let attempt = 0; ssrc === 0 || taken.has(ssrc); attempt++) {
    ssrc = attempt < 16 ? options.allocateSsrc() >>> 0 : (ssrc + 1) >>> 0;
  }
  taken.add(ssrc);
  return ssrc;
}

function feedbackNames(kind: MediaKind, codec: AnswerCodec, transportCc: boolean): string[] {
  const agreed = codecParameters(kind, codec, transportCc).feedback;
  const names: string[] = [];
  if (agreed.transportCc) names.push('transport-cc');
  if (agreed.fir) names.push('ccm fir');
  if (agreed.nack) names.push('nack');
  if (agreed.pli) names.push('nack pli');
  return names;
}

/** A section without media of its own: a rejected one, or the data channels'. */
function plainSection(section: Section, accepted: boolean): AnswerSection {
  return {
    mid: section.mid,
    kind: section.kind,
    protocol: section.protocol,
    accepted,
    formats: section.formats,
    direction: 'inactive',
    rtcpRsize: false,
    codecs: [],
    extensions: [],
    receiveRids: [],
    simulcast: false,
  };
}

function sends(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

function receives(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

function sameIce(a: IceParameters, b: IceParameters): boolean {
  return a.usernameFragment === b.usernameFragment && a.password === b.password;
}
