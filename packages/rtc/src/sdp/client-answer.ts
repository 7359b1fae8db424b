/** Answers as a client reads them, ours or another server's. */
import { parseCandidate, type RemoteCandidate } from '../ice/candidate.js';
import { extensionName } from './capabilities.js';
import { agreeCodecs, codecParameters } from './codecs.js';
import { type DataParameters, dataRejection, readData } from './data.js';
import { readDescription } from './description.js';
import { SdpError } from './error.js';
import type {
  CodecParameters,
  ExtensionIds,
  IceParameters,
  MediaKind,
  RepairParameters,
  SdpFingerprint,
} from './parameters.js';
import { agreeRepair } from './repair.js';
import type { Direction, Section } from './section.js';
import { bundleTransport } from './transport.js';
import { readUplink } from './uplink.js';

/** A stream that the server sends us, as far as it says. */
export interface AnsweredStream {
  ssrc?: number;
  rtxSsrc?: number;
  flexfecSsrc?: number;
  cname?: string;
  streamId?: string;
  trackId?: string;
}

export interface AnsweredSection {
  mid: string;
  kind: string;
  /** Port 0 says no. */
  accepted: boolean;
  /** As the server sees it: `recvonly` means that it receives. */
  direction: Direction;
  /** Those that we know, in the server's order. */
  codecs: CodecParameters[];
  extensions: ExtensionIds;
  /** Redundancy that may come to us. */
  repair?: RepairParameters;
  /** What comes to us. */
  stream?: AnsweredStream;
  /** Simulcast layers that the server takes from us. */
  receiveRids: string[];
}

export interface ParsedAnswer {
  ice: IceParameters;
  iceLite: boolean;
  fingerprints: SdpFingerprint[];
  /** Our role in the DTLS handshake. */
  dtlsRole: 'client' | 'server';
  /** Usable ones, each once, in the answer's order. */
  candidates: RemoteCandidate[];
  /** In the offer's order. */
  sections: AnsweredSection[];
  /** The data channels, if the server serves them. */
  data?: DataParameters;
}

/** Reads an answer. Throws `SdpError` like `parseOffer`, and `unsupported` if every section was rejected. */
export function parseAnswer(sdp: string): ParsedAnswer {
  const description = readDescription(sdp);
  const live = description.sections.filter((section) => !section.stopped);
  if (live.length === 0) throw new SdpError('unsupported', 'The answer rejects every section.');
  if (live.length > 1 && description.bundle === null) {
    throw new SdpError('no-bundle', 'The answer has several sections and no a=group:BUNDLE.');
  }
  const transport = bundleTransport(description, description.bundle ?? [live[0].mid]);
  if (transport.setup !== 'active' && transport.setup !== 'passive') {
    throw new SdpError('bad-setup', 'The answer must say a=setup:active or a=setup:passive.');
  }
  const candidates = new Map<string, RemoteCandidate>();
  for (const line of transport.candidates) {
    const candidate = parseCandidate(line);
    const key = `${candidate?.protocol} ${candidate?.address} ${candidate?.port}`;
    if (candidate && candidate.component === 1 && !candidates.has(key)) candidates.set(key, candidate);
  }
  const data = live.find((section) => section.kind === 'application' && dataRejection(section) === null);
  return {
    ice: transport.ice,
    iceLite: description.iceLite,
    fingerprints: transport.fingerprints,
    dtlsRole: transport.setup === 'passive' ? 'client' : 'server',
    candidates: [...candidates.values()],
    sections: description.sections.map(answeredSection),
    ...(data && { data: readData(data) }),
  };
}

function answeredSection(section: Section): AnsweredSection {
  const { mid, kind, stopped, direction } = section;
  const answered: AnsweredSection = {
    mid,
    kind,
    accepted: !stopped,
    direction,
    codecs: [],
    extensions: {},
    receiveRids: section.receiveRids,
  };
  if (stopped || (kind !== 'audio' && kind !== 'video')) return answered;
  const media: MediaKind = kind;
  for (const extension of section.extensions) {
    const name = extensionName(media, extension);
    if (name) answered.extensions[name] ??= extension.id;
  }
  const hasTransportCc = answered.extensions.transportCc !== undefined;
  answered.codecs = agreeCodecs(section, []).map((codec) => codecParameters(media, codec, hasTransportCc));
  if (direction === 'sendrecv' || direction === 'sendonly') {
    const payloadTypes = answered.codecs.map((codec) => codec.payloadType);
    const repair = agreeRepair(section, payloadTypes, false, { redAudio: true, ulpfec: true, flexfec: true });
    if (repair) answered.repair = repair;
    const { encodings, cname, streamId, trackId } = readUplink(section);
    answered.stream = {
      ...encodings[0],
      ...flexfec(section, encodings[0].ssrc),
      ...(cname !== undefined && { cname }),
      ...(streamId !== undefined && { streamId }),
      ...(trackId !== undefined && { trackId }),
    };
  }
  return answered;
}

function flexfec({ ssrcGroups }: Section, ssrc: number | undefined): Pick<AnsweredStream, 'flexfecSsrc'> {
  const group = ssrcGroups.find(({ semantics, ssrcs }) => semantics === 'FEC-FR' && ssrcs[0] === ssrc);
  return group?.ssrcs.length === 2 ? { flexfecSsrc: group.ssrcs[1] } : {};
}
