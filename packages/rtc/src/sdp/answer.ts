/** The answer's text: ICE-lite, one transport, every m-line of the offer in its place. */
import * as sdpTransform from 'sdp-transform';
import { hostPriority } from '../ice/candidate.js';
import { dataLines } from './data.js';
import type { AnswerSection, Negotiated } from './negotiate.js';
import type { DownlinkParameters, HostCandidate, IceParameters, MediaKind, SdpFingerprint } from './parameters.js';
import { repairLines } from './repair.js';

export interface AnswerLocal {
  ice: IceParameters;
  fingerprint: SdpFingerprint;
  /** In order of preference; all there are. */
  candidates: HostCandidate[];
  /** Of the `o=` line: digits, the same for the life of the connection. */
  sessionId: string;
  /** Grows with each answer. */
  sessionVersion: number;
}

type Media = sdpTransform.SessionDescription['media'][number];

/** SDP with CRLF line ends. */
export function writeAnswer(negotiated: Negotiated, local: AnswerLocal): string {
  const accepted = negotiated.answer.filter((section) => section.accepted).map((section) => section.mid);
  const transport = transportLines(negotiated, local);
  return sdpTransform.write({
    version: 0,
    origin: {
      username: '-',
      sessionId: local.sessionId,
      sessionVersion: local.sessionVersion,
      netType: 'IN',
      ipVer: 4,
      address: '127.0.0.1',
    },
    name: '-',
    timing: { start: 0, stop: 0 },
    icelite: 'ice-lite',
    ...(accepted.length > 0 && { groups: [{ type: 'BUNDLE', mids: accepted.join(' ') }] }),
    ...(negotiated.extmapAllowMixed && { extmapAllowMixed: 'extmap-allow-mixed' as const }),
    msidSemantic: { semantic: 'WMS', token: '*' },
    media: negotiated.answer.map((section) => {
      if (!section.accepted) return rejectedMedia(section);
      if (section.kind === 'application') return dataMedia(section, transport);
      const streams = negotiated.sections.find((candidate) => candidate.mid === section.mid);
      return acceptedMedia(section, streams?.downlink, transport);
    }),
  });
}

/** Every accepted section repeats them: some clients read only their own section. */
function transportLines(negotiated: Negotiated, local: AnswerLocal): Partial<Media> {
  return {
    iceUfrag: local.ice.usernameFragment,
    icePwd: local.ice.password,
    fingerprint: { type: local.fingerprint.algorithm, hash: local.fingerprint.value },
    setup: negotiated.dtlsRole === 'client' ? 'active' : 'passive',
    candidates: local.candidates.map(({ protocol, address, port }, order) => ({
      foundation: String(order + 1),
      component: 1,
      transport: protocol,
      priority: hostPriority(protocol, order),
      ip: address,
      port,
      type: 'host',
      ...(protocol === 'tcp' && { tcptype: 'passive' }),
    })),
    endOfCandidates: 'end-of-candidates',
    ...defaultDestination(local.candidates),
  };
}

/** Port and `c=` of the default candidate (RFC 8839 section 4.2.1): IPv4 over UDP if there is one. */
function defaultDestination(candidates: HostCandidate[]): Pick<Media, 'port' | 'connection'> {
  const udp = candidates.filter((candidate) => candidate.protocol === 'udp');
  const chosen = udp.find((candidate) => !candidate.address.includes(':')) ?? udp[0];
  if (!chosen) return { port: 9, connection: { version: 4, ip: '0.0.0.0' } };
  return {
    port: chosen.port,
    connection: { version: chosen.address.includes(':') ? 6 : 4, ip: chosen.address },
  };
}

function acceptedMedia(
  section: AnswerSection,
  downlink: DownlinkParameters | undefined,
  transport: Partial<Media>,
): Media {
  const payloads = section.codecs.flatMap((codec) =>
    codec.rtx ? [codec.payloadType, codec.rtx.payloadType] : [codec.payloadType],
  );
  const repair = repairLines(section.kind as MediaKind, section.repair);
  return {
    ...transport,
    type: section.kind,
    port: transport.port ?? 9,
    protocol: section.protocol,
    payloads: [...payloads, ...repair.payloads].join(' '),
    mid: section.mid,
    direction: section.direction,
    rtcpMux: 'rtcp-mux',
    ...(section.rtcpRsize && { rtcpRsize: 'rtcp-rsize' }),
    rtp: [
      ...section.codecs.flatMap(({ payloadType, encodingName, clockRate, channels, rtx }) => [
        { payload: payloadType, codec: encodingName, rate: clockRate, encoding: channels },
        ...(rtx ? [{ payload: rtx.payloadType, codec: rtx.encodingName, rate: clockRate }] : []),
      ]),
      ...repair.rtp,
    ],
    fmtp: [
      ...section.codecs.flatMap(({ payloadType, answerFmtp, rtx }) => [
        ...(answerFmtp === '' ? [] : [{ payload: payloadType, config: answerFmtp }]),
        ...(rtx ? [{ payload: rtx.payloadType, config: `apt=${payloadType}` }] : []),
      ]),
      ...repair.fmtp,
    ],
    rtcpFb: section.codecs.flatMap(({ payloadType, feedback }) =>
      feedback.map((value) => {
        const [type, subtype] = value.split(' ');
        return { payload: payloadType, type, subtype };
      }),
    ),
    ext: section.extensions.map(({ id, uri, direction }) => ({ value: id, uri, direction })),
    ...ridLines(section),
    ...(downlink && streamLines(downlink, section.repair?.flexfec !== undefined)),
  };
}

function dataMedia({ mid, protocol }: AnswerSection, transport: Partial<Media>): Media {
  return { ...transport, ...dataLines(mid), protocol, port: transport.port ?? 9 };
}

function ridLines({ receiveRids, simulcast }: AnswerSection): Partial<Media> {
  if (receiveRids.length === 0) return {};
  return {
    rids: receiveRids.map((id) => ({ id, direction: 'recv' })),
    ...(simulcast && { simulcast: { dir1: 'recv', list1: receiveRids.join(';') } }),
  };
}

function streamLines(downlink: DownlinkParameters, withFlexfec: boolean): Partial<Media> {
  const { ssrc, rtxSsrc, cname, streamId, trackId } = downlink;
  const flexfecSsrc = withFlexfec ? downlink.flexfecSsrc : undefined;
  const ssrcs = [ssrc, rtxSsrc, flexfecSsrc].filter((id) => id !== undefined);
  const ssrcGroups = [
    ...(rtxSsrc === undefined ? [] : [{ semantics: 'FID', ssrcs: `${ssrc} ${rtxSsrc}` }]),
    ...(flexfecSsrc === undefined ? [] : [{ semantics: 'FEC-FR', ssrcs: `${ssrc} ${flexfecSsrc}` }]),
  ];
  return {
    msid: [{ id: streamId, appdata: trackId }],
    ssrcs: ssrcs.flatMap((id) => [
      { id, attribute: 'cname', value: cname },
      { id, attribute: 'msid', value: `${streamId} ${trackId}` },
    ]),
    ...(ssrcGroups.length > 0 && { ssrcGroups }),
  };
}

/** RFC 3264 section 6: port 0 and at least one format. */
function rejectedMedia(section: AnswerSection): Media {
  return {
    type: section.kind,
    port: 0,
    protocol: section.protocol,
    payloads: section.formats === '' ? '0' : section.formats,
    connection: { version: 4, ip: '0.0.0.0' },
    ...(section.mid !== '' && { mid: section.mid }),
    direction: 'inactive',
    rtp: [],
    fmtp: [],
  };
}
