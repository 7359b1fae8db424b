/** RTP header extensions (RFC 8285), found by id and read in place. */

import type { ExtensionName } from '../sdp/parameters.js';

export const EXTENSION_URIS: Record<ExtensionName, string> = {
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  rid: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  repairedRid: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  transportCc: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  audioLevel: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  absCaptureTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
  dependencyDescriptor: 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
  playoutDelay: 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
  videoOrientation: 'urn:3gpp:video-orientation',
};

const ONE_BYTE_PROFILE = 0xbede;
const TWO_BYTE_PROFILE = 0x1000;
const MAX_ID_LENGTH = 16;

/**
 * Finds extension `id` in the packet whose RTP header starts at `offset` and is `headerLength` bytes long (as
 * `parseRtpHeader` found it). Returns -1, or `(dataOffset << 8) | dataLength`, where **`dataOffset` counts from the RTP
 * header's start**, so that the sum stays a small integer however large the arena is:
 *
 *     const found = findExtension(bytes, offset, headerLength, id);
 *     if (found >= 0) { const at = offset + (found >> 8); const length = found & 0xff; }
 */
export function findExtension(bytes: Uint8Array, offset: number, headerLength: number, id: number): number {
  if (id <= 0 || headerLength < 16 || offset < 0 || offset + headerLength > bytes.length) return -1;
  if ((bytes[offset] & 0x10) === 0) return -1;
  const block = 12 + (bytes[offset] & 0x0f) * 4;
  let at = block + 4;
  if (at > headerLength) return -1;
  const profile = (bytes[offset + block] << 8) | bytes[offset + block + 1];
  const words = (bytes[offset + block + 2] << 8) | bytes[offset + block + 3];
  const end = Math.min(headerLength, at + words * 4);
  if (profile === ONE_BYTE_PROFILE) {
    while (at < end) {
      const head = bytes[offset + at];
      if (head === 0) {
        at++;
        continue;
      }
      const element = head >> 4;
      // Id 15 ends the block; id 0 with a length is to be ignored like padding (section 4.2).
      if (element === 15) return -1;
      const dataLength = (head & 0x0f) + 1;
      if (at + 1 + dataLength > end) return -1;
      if (element === id) return ((at + 1) << 8) | dataLength;
      at += 1 + dataLength;
    }
    return -1;
  }
  if ((profile & 0xfff0) === TWO_BYTE_PROFILE) {
    while (at < end) {
      const element = bytes[offset + at];
      if (element === 0) {
        at++;
        continue;
      }
      if (at + 2 > end) return -1;
      const dataLength = bytes[offset + at + 1];
      if (at + 2 + dataLength > end) return -1;
      if (element === id) return ((at + 2) << 8) | dataLength;
      at += 2 + dataLength;
    }
  }
  return -1;
}

/**
 * RFC 6464: `voice << 7 | level`, where level is 0 (loudest) to 127 (silence), in dB below overload. The byte is on the
 * wire like that.
 */
export function readAudioLevel(bytes: Uint8Array, at: number): number {
  return bytes[at];
}

/** The media section's identification tag (RFC 8843), or '' if it is longer than 16 characters or not a token. */
export function readMid(bytes: Uint8Array, at: number, length: number): string {
  return readToken(bytes, at, length);
}

/** The encoding's id (RFC 8852), or '' if it is longer than 16 characters or not a token. */
export function readRid(bytes: Uint8Array, at: number, length: number): string {
  return readToken(bytes, at, length);
}

/** Visible ASCII only: such a string goes into look-ups, logs and SDP. */
function readToken(bytes: Uint8Array, at: number, length: number): string {
  if (length > MAX_ID_LENGTH || at + length > bytes.length) return '';
  let token = '';
  for (let i = 0; i < length; i++) {
    const byte = bytes[at + i];
    if (byte < 0x21 || byte > 0x7e) return '';
    token += String.fromCharCode(byte);
  }
  return token;
}

/** The transport-wide sequence number (draft-holmer-rmcat-transport-wide-cc-extensions-01); needs 2 bytes. */
export function readTransportSequence(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}
