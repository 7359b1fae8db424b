/** Shared by the tests of this folder. */
import { type AnswerLocal, writeAnswer } from './answer.js';
import { type Negotiated, type NegotiateOptions, negotiate } from './negotiate.js';
import { parseOffer } from './offer.js';

export const LOCAL: AnswerLocal = {
  ice: { usernameFragment: 'serverUfrag01234', password: 's'.repeat(24) },
  fingerprint: { algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') },
  candidates: [
    { protocol: 'udp', address: '198.51.100.7', port: 40_000 },
    { protocol: 'udp', address: '2001:db8::7', port: 40_000 },
    { protocol: 'tcp', address: '198.51.100.7', port: 40_000 },
  ],
  sessionId: '4711',
  sessionVersion: 1,
};

/** SSRCs 1,001, 1,002, ... */
export function counter(): () => number {
  let last = 1_000;
  return () => ++last;
}

export function agree(sdp: string, options: Partial<NegotiateOptions> = {}): Negotiated {
  return negotiate(parseOffer(sdp), { allocateSsrc: counter(), cname: 'ours', ...options });
}

export function answerTo(sdp: string, options: Partial<NegotiateOptions> = {}): string {
  return writeAnswer(agree(sdp, options), LOCAL);
}

/** The lines of each section, m-line first; the session's lines come first of all. */
export function sectionsOf(sdp: string): string[][] {
  const sections: string[][] = [[]];
  for (const line of sdp.trimEnd().split('\r\n')) {
    if (line.startsWith('m=')) sections.push([]);
    sections[sections.length - 1].push(line);
  }
  return sections;
}

/** `name payloadType/rtx` of each codec. */
export function codecList(section: {
  codecs: { name: string; payloadType: number; rtxPayloadType?: number }[];
}): string {
  return section.codecs
    .map(
      ({ name, payloadType, rtxPayloadType }) => `${name} ${payloadType}${rtxPayloadType ? `/${rtxPayloadType}` : ''}`,
    )
    .join(', ');
}
