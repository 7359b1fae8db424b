/** Offers as browsers write them, as small as they may be. */
import { randomBytes } from 'node:crypto';

export interface OfferSection {
  kind: 'audio' | 'video';
  direction: 'sendonly' | 'recvonly' | 'sendrecv' | 'inactive';
}

export interface OfferOptions {
  ufrag?: string;
  /** A digit pair that makes the fingerprint. */
  certificate?: string;
  /** Instead of Opus and VP8. */
  codecs?: { audio: string; video: string };
}

const hex = (): string => randomBytes(1).toString('hex').toUpperCase();

/** Mids are `0`, `1`, … */
export function offer(sections: OfferSection[], options: OfferOptions = {}): string {
  const { ufrag = randomBytes(3).toString('hex'), certificate = '7A', codecs } = options;
  const lines = [
    'v=0',
    'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${sections.map((_, mid) => mid).join(' ')}`,
    'a=extmap-allow-mixed',
  ];
  for (const [mid, { kind, direction }] of sections.entries()) {
    const audio = kind === 'audio';
    const payload = audio ? 111 : 96;
    lines.push(
      `m=${kind} 9 UDP/TLS/RTP/SAVPF ${payload}`,
      'c=IN IP4 0.0.0.0',
      `a=ice-ufrag:${ufrag}`,
      `a=ice-pwd:${ufrag}-0123456789012345678901`,
      `a=fingerprint:sha-256 ${Array(32).fill(certificate).join(':')}`,
      'a=setup:actpass',
      `a=mid:${mid}`,
      'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
      `a=${direction}`,
      'a=rtcp-mux',
      `a=rtpmap:${payload} ${codecs?.[kind] ?? (audio ? 'opus/48000/2' : 'VP8/90000')}`,
    );
    if (!audio) lines.push(`a=rtcp-fb:${payload} nack`, `a=rtcp-fb:${payload} nack pli`);
    if (direction.startsWith('send')) lines.push(`a=ssrc:${1000 + mid} cname:${hex()}`);
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** Microphone (mid 0) and camera (mid 1). */
export const publishing = (options?: OfferOptions): string =>
  offer(
    [
      { kind: 'audio', direction: 'sendonly' },
      { kind: 'video', direction: 'sendonly' },
    ],
    options,
  );

/** As many receiving sections as asked for, audio first. */
export const receiving = (audio: number, video: number, options?: OfferOptions): string =>
  offer(
    [
      ...Array<OfferSection>(audio).fill({ kind: 'audio', direction: 'recvonly' }),
      ...Array<OfferSection>(video).fill({ kind: 'video', direction: 'recvonly' }),
    ],
    options,
  );
