/** Which of the offered payload types we take, and what the answer says of them. */
import { agreedFeedback, supportsCodec } from './capabilities.js';
import type { CodecParameters, MediaKind } from './parameters.js';
import type { CodecLine, Section } from './section.js';

export interface AnswerCodec {
  payloadType: number;
  /** Lower case. */
  name: string;
  /** As the client wrote it: some compare it by case. */
  encodingName: string;
  clockRate: number;
  channels?: number;
  /** The offer's, keys lower case. */
  fmtp: Record<string, string>;
  /** The answer's `a=fmtp` value; empty for none. */
  answerFmtp: string;
  /** `a=rtcp-fb` values: the offer's when agreeing, ours of them when answering. */
  feedback: string[];
  rtx?: { payloadType: number; encodingName: string };
}

/**
 * The codecs both sides have, those named in `preference` first and in its order, the others as offered. All payload types of
 * a codec are kept, each with its RTX (RFC 4588).
 */
export function agreeCodecs(section: Section, preference: readonly string[]): AnswerCodec[] {
  const kind = section.kind as MediaKind;
  const agreed = section.codecs
    .filter((codec) => supportsCodec(kind, codec))
    .map((codec) => answerCodec(section, codec));
  const rank = (name: string) => {
    const index = preference.indexOf(name);
    return index < 0 ? preference.length : index;
  };
  return agreed.sort((a, b) => rank(a.name) - rank(b.name));
}

export function codecParameters(kind: MediaKind, codec: AnswerCodec, transportCc: boolean): CodecParameters {
  const { name, payloadType, clockRate, channels, fmtp } = codec;
  return {
    name,
    payloadType,
    clockRate,
    ...(channels !== undefined && { channels }),
    fmtp,
    ...(codec.rtx && { rtxPayloadType: codec.rtx.payloadType }),
    feedback: agreedFeedback(kind, codec.feedback, transportCc),
  };
}

function answerCodec(section: Section, codec: CodecLine): AnswerCodec {
  const rtx = section.codecs.find(
    (other) =>
      other.name === 'rtx' &&
      other.fmtp.apt === String(codec.payloadType) &&
      other.clockRate === codec.clockRate &&
      other.payloadType !== codec.payloadType,
  );
  return {
    payloadType: codec.payloadType,
    name: codec.name,
    encodingName: codec.encodingName,
    clockRate: codec.clockRate,
    ...(codec.channels !== undefined && { channels: codec.channels }),
    fmtp: codec.fmtp,
    answerFmtp: answerFmtp(codec),
    feedback: codec.feedback,
    ...(rtx && { rtx: { payloadType: rtx.payloadType, encodingName: rtx.encodingName } }),
  };
}

/** What we say of a payload type: the format's identity back as offered, our own wishes as a receiver, no limits. */
function answerFmtp(codec: CodecLine): string {
  const { fmtp } = codec;
  switch (codec.name) {
    case 'opus':
      return opusFmtp(fmtp);
    case 'h264':
      return pick(fmtp, ['level-asymmetry-allowed', 'packetization-mode', 'profile-level-id']);
    case 'vp9':
      return pick(fmtp, ['profile-id']);
    case 'av1':
      return pick(fmtp, ['level-idx', 'profile', 'tier']);
    default:
      return '';
  }
}

/**
 * RFC 7587 section 7.1. In-band FEC is always welcome. `stereo` says what we like to receive, which is what this client can
 * send or play: everybody else may have asked for stereo.
 */
function opusFmtp(fmtp: Record<string, string>): string {
  const stereo = fmtp.stereo === '1' || fmtp['sprop-stereo'] === '1';
  const parts = [pick(fmtp, ['minptime']), stereo ? 'stereo=1' : '', 'useinbandfec=1'];
  return parts.filter((part) => part !== '').join(';');
}

function pick(fmtp: Record<string, string>, keys: string[]): string {
  return keys
    .filter((key) => Object.hasOwn(fmtp, key))
    .map((key) => `${key}=${fmtp[key]}`)
    .join(';');
}
