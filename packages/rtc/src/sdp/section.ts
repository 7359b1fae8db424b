/** One m-line and its attributes, read out of sdp-transform's objects into plain typed data. Unusable lines are skipped. */
import type { MediaDescription } from 'sdp-transform';
import { SdpError } from './error.js';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface CodecLine {
  payloadType: number;
  /** Lower case. */
  name: string;
  /** As the sender wrote it. */
  encodingName: string;
  clockRate: number;
  channels?: number;
  /** Keys lower case. */
  fmtp: Record<string, string>;
  /** The `a=fmtp` value as the sender wrote it. */
  fmtpText?: string;
  /** Such as `nack` or `ccm fir`; what was given for `*` is included. */
  feedback: string[];
}

export interface ExtensionLine {
  id: number;
  uri: string;
  direction?: Direction;
}

export interface SsrcLine {
  ssrc: number;
  cname?: string;
  msid?: string;
}

export interface Section {
  mid: string;
  /** `audio`, `video`, `application` or something else. */
  kind: string;
  port: number;
  protocol: string;
  /** The formats of the m-line as they are. */
  formats: string;
  /** Port 0 without bundle-only: the section is off. */
  stopped: boolean;
  bundleOnly: boolean;
  direction: Direction;
  rtcpMux: boolean;
  rtcpRsize: boolean;
  /** In the m-line's order. */
  codecs: CodecLine[];
  extensions: ExtensionLine[];
  /** Layers that the sender of this description sends, in its order of preference; only the first alternative of each. */
  sendRids: string[];
  /** Layers that it is ready to receive. */
  receiveRids: string[];
  simulcast: boolean;
  ssrcs: SsrcLine[];
  ssrcGroups: { semantics: string; ssrcs: number[] }[];
  streamId?: string;
  trackId?: string;
  /** Of data channels (RFC 8841). */
  sctpPort?: number;
  /** As it says; 0 means no limit. */
  maxMessageSize?: number;
}

/** Static payload types of RFC 3551 that are used without rtpmap. */
const STATIC_PAYLOADS: Record<number, [name: string, clockRate: number]> = {
  0: ['PCMU', 8000],
  8: ['PCMA', 8000],
  9: ['G722', 8000],
};

const MAX_LIST = 256;
const MAX_RIDS = 8;
const DIRECTIONS = new Set<string>(['sendrecv', 'sendonly', 'recvonly', 'inactive']);
/** A token of RFC 8866. */
const MID = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,32}$/;

/** @param index position in the description, the mid of a lone section that has none */
export function readSection(media: MediaDescription, index: number, sessionDirection: Direction): Section {
  if (media.type === undefined || media.protocol === undefined) {
    throw new SdpError('garbage', `The m-line of section ${index} can't be read.`);
  }
  const mid = media.mid === undefined ? '' : String(media.mid);
  if (mid !== '' && !MID.test(mid)) throw new SdpError('garbage', `Section ${index} has a mid that isn't a token.`);
  const port = Number(media.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new SdpError('garbage', `The m-line of section ${index} has no port.`);
  }
  const bundleOnly = media.bundleOnly !== undefined;
  const formats = String(media.payloads ?? '').trim();
  const { id, track } = readMsid(media);
  const rids = (media.rids ?? []).slice(0, MAX_LIST);
  return {
    mid,
    kind: String(media.type),
    port,
    protocol: String(media.protocol),
    formats,
    stopped: port === 0 && !bundleOnly,
    bundleOnly,
    direction: media.direction ?? sessionDirection,
    rtcpMux: media.rtcpMux !== undefined,
    rtcpRsize: media.rtcpRsize !== undefined,
    codecs: readCodecs(media, formats),
    extensions: readExtensions(media),
    sendRids: readRids(media, rids, 'send'),
    receiveRids: readRids(media, rids, 'recv'),
    simulcast: media.simulcast !== undefined || media.simulcast_03 !== undefined,
    ssrcs: readSsrcs(media),
    ssrcGroups: readGroups(media),
    ...(id !== undefined && { streamId: id }),
    ...(track !== undefined && { trackId: track }),
    ...readSctp(media),
  };
}

function readSctp({ sctpPort, maxMessageSize }: MediaDescription): Pick<Section, 'sctpPort' | 'maxMessageSize'> {
  const port = Number(sctpPort);
  const size = Number(maxMessageSize);
  return {
    ...(Number.isInteger(port) && port > 0 && port <= 65_535 && { sctpPort: port }),
    ...(Number.isSafeInteger(size) && size >= 0 && { maxMessageSize: size }),
  };
}

export function isDirection(text: unknown): text is Direction {
  return typeof text === 'string' && DIRECTIONS.has(text);
}

function readCodecs(media: MediaDescription, formats: string): CodecLine[] {
  const feedback = new Map<string, string[]>();
  for (const { payload, type, subtype } of (media.rtcpFb ?? []).slice(0, 4 * MAX_LIST)) {
    const list = feedback.get(String(payload)) ?? [];
    feedback.set(String(payload), list);
    list.push(subtype ? `${type} ${subtype}`.toLowerCase() : String(type).toLowerCase());
  }
  const everywhere = feedback.get('*') ?? [];
  const maps = firstByPayload(media.rtp);
  const parameters = firstByPayload(media.fmtp);
  const codecs: CodecLine[] = [];
  for (const format of formats.split(' ').slice(0, MAX_LIST)) {
    const payloadType = Number(format);
    if (!/^\d{1,3}$/.test(format) || payloadType > 127) continue;
    if (codecs.some((codec) => codec.payloadType === payloadType)) continue;
    const map = maps.get(payloadType);
    const fallback = STATIC_PAYLOADS[payloadType];
    const encodingName = map ? String(map.codec) : fallback?.[0];
    const clockRate = map ? Number(map.rate) : fallback?.[1];
    if (!encodingName || !clockRate || !Number.isInteger(clockRate)) continue;
    const config = parameters.get(payloadType)?.config;
    const channels = Number(map?.encoding);
    codecs.push({
      payloadType,
      name: encodingName.toLowerCase(),
      encodingName,
      clockRate,
      ...(Number.isInteger(channels) && channels > 0 && { channels }),
      fmtp: config === undefined ? {} : readFmtp(String(config)),
      ...(config !== undefined && { fmtpText: String(config) }),
      feedback: [...new Set([...(feedback.get(String(payloadType)) ?? []), ...everywhere])],
    });
  }
  return codecs;
}

function firstByPayload<T extends { payload: number }>(lines: T[]): Map<number, T> {
  const found = new Map<number, T>();
  for (const line of lines.slice(0, 4 * MAX_LIST)) {
    if (!found.has(line.payload)) found.set(line.payload, line);
  }
  return found;
}

/** `key=value` pairs; a parameter without `=` has itself as its key and an empty value. */
function readFmtp(text: string): Record<string, string> {
  const entries: [string, string][] = [];
  for (const part of text.split(';').slice(0, MAX_LIST)) {
    const trimmed = part.trim();
    if (trimmed === '') continue;
    const equals = trimmed.indexOf('=');
    if (equals < 0) entries.push([trimmed.toLowerCase(), '']);
    else entries.push([trimmed.slice(0, equals).trim().toLowerCase(), trimmed.slice(equals + 1).trim()]);
  }
  // fromEntries makes own properties only, whatever the keys are.
  return Object.fromEntries(entries);
}

function readExtensions(media: MediaDescription): ExtensionLine[] {
  const extensions: ExtensionLine[] = [];
  for (const line of (media.ext ?? []).slice(0, MAX_LIST)) {
    const id = Number(line.value);
    // Encrypted extensions (RFC 6904) are never agreed; 15 means something else in the one-byte form; 4096 and above are placeholders (RFC 8285 section 7).
    if (line['encrypt-uri'] || !Number.isInteger(id) || id < 1 || id > 255 || id === 15) continue;
    const uri = String(line.uri);
    if (extensions.some((known) => known.id === id || known.uri === uri)) continue;
    extensions.push({ id, uri, ...(isDirection(line.direction) && { direction: line.direction }) });
  }
  return extensions;
}

function readRids(
  media: MediaDescription,
  rids: { id: number | string; direction: string }[],
  direction: 'send' | 'recv',
): string[] {
  const named = rids.filter((rid) => rid.direction === direction).map((rid) => String(rid.id));
  const { simulcast } = media;
  const list =
    simulcast?.dir1 === direction ? simulcast.list1 : simulcast?.dir2 === direction ? simulcast.list2 : undefined;
  if (list === undefined) return [...new Set(named)].slice(0, MAX_RIDS);
  const listed = String(list)
    .split(';')
    .map((alternatives) => alternatives.split(',')[0].replace(/^~/, ''));
  return [...new Set(listed.filter((rid) => named.includes(rid)))].slice(0, MAX_RIDS);
}

function readSsrcs(media: MediaDescription): SsrcLine[] {
  const found = new Map<number, SsrcLine>();
  for (const { id, attribute, value } of (media.ssrcs ?? []).slice(0, 4 * MAX_LIST)) {
    const ssrc = Number(id);
    if (!isSsrc(ssrc)) continue;
    const line = found.get(ssrc) ?? { ssrc };
    if (!found.has(ssrc)) {
      if (found.size >= MAX_LIST) break;
      found.set(ssrc, line);
    }
    if (value === undefined) continue;
    if (attribute === 'cname') line.cname ??= String(value).slice(0, 255);
    if (attribute === 'msid') line.msid ??= String(value).slice(0, 255);
  }
  return [...found.values()];
}

function readGroups(media: MediaDescription): Section['ssrcGroups'] {
  return (media.ssrcGroups ?? []).slice(0, MAX_LIST).map(({ semantics, ssrcs }) => ({
    semantics: String(semantics),
    ssrcs: String(ssrcs).split(' ').slice(0, MAX_RIDS).map(Number).filter(isSsrc),
  }));
}

function isSsrc(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= 0xffff_ffff;
}

/** From `a=msid`, else from the older `a=ssrc:... msid:`. `-` means no stream (RFC 8830 section 2). */
function readMsid(media: MediaDescription): { id?: string; track?: string } {
  // sdp-transform leaves ids with braces, as Firefox has them, among the unknown lines.
  const unknown = (media.invalid ?? []).find((line) => String(line.value).startsWith('msid:'));
  const own = media.msid?.[0];
  const text = own
    ? `${own.id} ${own.appdata ?? ''}`
    : (unknown?.value.slice('msid:'.length) ?? media.ssrcs?.find((line) => line.attribute === 'msid')?.value ?? '');
  const [id, track] = String(text).trim().slice(0, 255).split(' ');
  return { id: id && id !== '-' ? id : undefined, track: track || undefined };
}
