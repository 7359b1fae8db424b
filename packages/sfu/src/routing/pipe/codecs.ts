/** Payload types and header extensions of a pipe: both ends know them, so nothing needs to be agreed on. */
import type { CodecParameters, ExtensionIds, MediaKind } from '@efir/rtc';
import type { Producer } from '../producer.js';
import { MAX_CODECS, type PipedCodec } from './messages.js';

/** All that subscribers can use; no mid and no rid, since every SSRC is announced. */
export const PIPE_EXTENSIONS: ExtensionIds = {
  transportCc: 1,
  audioLevel: 2,
  absCaptureTime: 3,
  videoOrientation: 4,
  playoutDelay: 5,
  dependencyDescriptor: 6,
};

const FIRST_PAYLOAD_TYPE = 96;

/** As they are announced. */
export function codecsOf(producer: Producer): PipedCodec[] {
  const codecs: PipedCodec[] = [];
  for (const { name, clockRate, channels, fmtp } of producer.codecs) {
    if (codecs.length === MAX_CODECS) break;
    codecs.push({ name, clockRate, fmtp, ...(channels !== undefined && { channels }) });
  }
  return codecs;
}

/** As they are on the wire. Sound is repaired as well: a hop between servers is short enough. */
export function wireCodecs(codecs: readonly PipedCodec[], kind: MediaKind): CodecParameters[] {
  const video = kind === 'video';
  return codecs.map((codec, i) => ({
    ...codec,
    payloadType: FIRST_PAYLOAD_TYPE + 2 * i,
    rtxPayloadType: FIRST_PAYLOAD_TYPE + 2 * i + 1,
    feedback: { nack: true, pli: video, fir: video, transportCc: true },
  }));
}
