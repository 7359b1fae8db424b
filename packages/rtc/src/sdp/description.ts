/** A whole description, offer or answer, as plain typed data. Knows what SDP says, not what we make of it. */
import * as sdpTransform from 'sdp-transform';
import { SdpError } from './error.js';
import type { IceParameters, SdpFingerprint } from './parameters.js';
import { isDirection, readSection, type Section } from './section.js';

/** Characters of SDP that are read at most. */
export const MAX_SDP_CHARACTERS = 65_536;
export const MAX_SECTIONS = 512;
const MAX_LINES = 8_192;

/** The transport lines of one section, or of the session. */
export interface TransportLines {
  ice?: IceParameters;
  fingerprints: SdpFingerprint[];
  setup?: string;
  /** Values of `a=candidate`. */
  candidates: string[];
}

export interface Description {
  sections: Section[];
  /** Mids of the first BUNDLE group; null if there is none. */
  bundle: string[] | null;
  iceLite: boolean;
  extmapAllowMixed: boolean;
  session: TransportLines;
  /** By section. */
  transports: TransportLines[];
}

/** Throws `SdpError`, and nothing else, for what is not SDP or goes beyond the limits. */
export function readDescription(text: string): Description {
  if (typeof text !== 'string' || !/^v=0\s*[\r\n]/.test(text)) {
    throw new SdpError('garbage', 'This is not SDP: it does not begin with v=0.');
  }
  if (text.length > MAX_SDP_CHARACTERS) {
    throw new SdpError('too-large', `The SDP has ${text.length} characters; ${MAX_SDP_CHARACTERS} are the most.`);
  }
  const lines = text.split(/\r\n|\r|\n/);
  const count = lines.filter((line) => line.startsWith('m=')).length;
  if (lines.length > MAX_LINES) {
    throw new SdpError('too-large', `The SDP has ${lines.length} lines; ${MAX_LINES} are the most.`);
  }
  if (count > MAX_SECTIONS) {
    throw new SdpError('too-large', `The SDP has ${count} sections; ${MAX_SECTIONS} are the most.`);
  }
  if (count === 0) throw new SdpError('garbage', 'The SDP has no m-line.');

  const parsed = sdpTransform.parse(text);
  const sessionDirection = isDirection(parsed.direction) ? parsed.direction : 'sendrecv';
  const sections = parsed.media.map((media, index) => readSection(media, index, sessionDirection));
  if (sections.length === 1) sections[0].mid ||= '0';
  const [session, ...transports] = readTransports(lines);
  const bundle = parsed.groups?.find((group) => group.type === 'BUNDLE');
  return {
    sections,
    bundle: bundle ? String(bundle.mids).trim().split(/ +/) : null,
    iceLite: parsed.icelite !== undefined,
    extmapAllowMixed:
      parsed.extmapAllowMixed !== undefined || parsed.media.some((media) => media.extmapAllowMixed !== undefined),
    session,
    transports,
  };
}

/**
 * Transport lines of the session and of each section. Read here because sdp-transform keeps only one fingerprint of several
 * (RFC 8122 section 5.1 allows more) and turns digits into numbers.
 */
function readTransports(lines: string[]): TransportLines[] {
  const all: TransportLines[] = [{ fingerprints: [], candidates: [] }];
  const fragments: string[] = [];
  const passwords: string[] = [];
  for (const line of lines) {
    if (line.startsWith('m=')) all.push({ fingerprints: [], candidates: [] });
    const here = all[all.length - 1];
    const match = /^a=(ice-ufrag|ice-pwd|fingerprint|setup|candidate):\s*(.*)$/.exec(line);
    if (!match) continue;
    const value = match[2].trim();
    switch (match[1]) {
      case 'ice-ufrag':
        fragments[all.length - 1] = value;
        break;
      case 'ice-pwd':
        passwords[all.length - 1] = value;
        break;
      case 'setup':
        here.setup = value.toLowerCase();
        break;
      case 'candidate':
        if (here.candidates.length < 64) here.candidates.push(value);
        break;
      default: {
        const [algorithm, hash] = value.split(/ +/);
        if (hash && here.fingerprints.length < 8) {
          here.fingerprints.push({ algorithm: algorithm.toLowerCase(), value: hash.toUpperCase() });
        }
      }
    }
  }
  for (const [index, transport] of all.entries()) {
    const usernameFragment = fragments[index];
    const password = passwords[index];
    if (usernameFragment && password) transport.ice = { usernameFragment, password };
  }
  return all;
}
