/** What we can take part in: codecs, feedback, header extensions. */
import { EXTENSION_URIS } from '../rtp/extensions.js';
import type { CodecFeedback, ExtensionName, MediaKind } from './parameters.js';
import type { CodecLine, ExtensionLine } from './section.js';

/** Lower-case names of the codecs we forward, in our own order of preference. */
export const AUDIO_CODECS: readonly string[] = ['opus'];
export const VIDEO_CODECS: readonly string[] = ['vp8', 'vp9', 'h264', 'av1'];

/** True if we forward streams of this codec with these parameters. Repair formats (rtx, red, fec) are not codecs. */
export function supportsCodec(kind: MediaKind, codec: CodecLine): boolean {
  const { name, fmtp } = codec;
  if (kind === 'audio') return name === 'opus' && codec.clockRate === 48_000 && codec.channels === 2;
  if (codec.clockRate !== 90_000) return false;
  switch (name) {
    case 'vp8':
      return true;
    case 'vp9':
      return ['0', '2'].includes(fmtp['profile-id'] ?? '0');
    case 'av1':
      return (fmtp.profile ?? '0') === '0';
    case 'h264':
      return fmtp['packetization-mode'] === '1' && supportsH264Profile(fmtp['profile-level-id']);
    default:
      return false;
  }
}

/**
 * Baseline (constrained or not), main and high with their constrained forms; RFC 6184 section 8.1, default baseline.
 * FFmpeg writes a digit too many for constrained baseline.
 */
function supportsH264Profile(profileLevelId = '42000a'): boolean {
  return /^(42|4d|64)[0-9a-f]{4,6}$/i.test(profileLevelId);
}

/** The feedback that both sides know. Audio is repaired by Opus itself: it gets no NACK. */
export function agreedFeedback(kind: MediaKind, offered: readonly string[], transportCc: boolean): CodecFeedback {
  const video = kind === 'video';
  return {
    nack: video && offered.includes('nack'),
    pli: video && offered.includes('nack pli'),
    fir: video && offered.includes('ccm fir'),
    // Feedback without the sequence numbers of the header extension would be empty.
    transportCc: transportCc && offered.includes('transport-cc'),
  };
}

const NAMES = new Map(Object.entries(EXTENSION_URIS).map(([name, uri]) => [uri, name as ExtensionName]));

const AUDIO_EXTENSIONS = new Set<ExtensionName>(['mid', 'transportCc', 'audioLevel', 'absCaptureTime']);
const VIDEO_EXTENSIONS = new Set<ExtensionName>([
  'mid',
  'rid',
  'repairedRid',
  'transportCc',
  'absCaptureTime',
  'dependencyDescriptor',
  'playoutDelay',
  'videoOrientation',
]);

/** Our name of the extension if we use it in sections of this kind. */
export function extensionName(kind: MediaKind, extension: ExtensionLine): ExtensionName | null {
  const name = NAMES.get(extension.uri);
  if (!name || extension.direction === 'inactive') return null;
  return (kind === 'audio' ? AUDIO_EXTENSIONS : VIDEO_EXTENSIONS).has(name) ? name : null;
}
