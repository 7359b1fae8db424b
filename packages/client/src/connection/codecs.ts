import type { VideoCodec } from '@efir/protocol';

const MIME: Record<VideoCodec, string> = {
  vp8: 'video/vp8',
  vp9: 'video/vp9',
  h264: 'video/h264',
  av1: 'video/av1',
};
/** Not pictures but protection and repair: they go with whichever codec is used. */
const SUPPORTING = new Set(['video/rtx', 'video/red', 'video/ulpfec', 'video/flexfec-03']);

interface Codec {
  mimeType: string;
  sdpFmtpLine?: string;
}

/**
 * Sorts what the browser has by `preferred`; what isn't named there comes after, in the browser's order.
 * With `only`, all other picture codecs are left out; if the browser doesn't have it, nothing is.
 */
export function orderCodecs<T extends Codec>(
  codecs: readonly T[],
  preferred: readonly VideoCodec[],
  only?: VideoCodec,
): T[] {
  const type = (codec: T) => codec.mimeType.toLowerCase();
  const rank = (codec: T): number => {
    const index = preferred.findIndex((name) => MIME[name] === type(codec));
    if (SUPPORTING.has(type(codec))) return preferred.length + 1;
    return index < 0 ? preferred.length : index;
  };
  const had = only !== undefined && codecs.some((codec) => type(codec) === MIME[only]);
  return codecs
    .filter((codec) => !had || SUPPORTING.has(type(codec)) || type(codec) === MIME[only as VideoCodec])
    .map((codec, index) => ({ codec, index }))
    .sort((a, b) => rank(a.codec) - rank(b.codec) || fit(a.codec) - fit(b.codec) || a.index - b.index)
    .map(({ codec }) => codec);
}

/** The codec that a sending section will use: the first of the preferred ones that the browser has. */
export function preferredCodec(preferred: readonly VideoCodec[], only?: VideoCodec): VideoCodec {
  const had = globalThis.RTCRtpSender?.getCapabilities?.('video')?.codecs.filter(forwarded) ?? [];
  const [first] = orderCodecs(had, preferred, only);
  const name = first?.mimeType.toLowerCase();
  const found = (Object.keys(MIME) as VideoCodec[]).find((codec) => MIME[codec] === name);
  return found ?? only ?? preferred[0] ?? 'vp8';
}

/** The server forwards H.264 with packetization mode 1 and VP9 with profile 0: those first among their own. */
function fit({ mimeType, sdpFmtpLine = '' }: Codec): number {
  const type = mimeType.toLowerCase();
  if (type === MIME.h264)
    return /packetization-mode=1/.test(sdpFmtpLine) ? (/42[0-9a-f]{4}/i.test(sdpFmtpLine) ? 0 : 1) : 2;
  if (type === MIME.vp9 || type === MIME.av1) return /profile(-id)?=[1-9]/.test(sdpFmtpLine) ? 1 : 0;
  return 0;
}

/** What the server forwards. Anything else would only make offers longer: each received video has all of these in it. */
export function forwarded({ mimeType, sdpFmtpLine = '' }: Codec): boolean {
  switch (mimeType.toLowerCase()) {
    case 'audio/opus':
    case 'video/vp8':
    case 'video/rtx':
      return true;
    case MIME.vp9:
      return !/profile-id=[1-9]/.test(sdpFmtpLine);
    case MIME.av1:
      return !/profile=[1-9]/.test(sdpFmtpLine);
    case MIME.h264:
      // Baseline, main, high.
      return /packetization-mode=1/.test(sdpFmtpLine) && /profile-level-id=(42|4d|64)/i.test(sdpFmtpLine);
    default:
      return false;
  }
}

/** What the server may add for a receiver that loses packets. */
const REDUNDANCY = new Set(['audio/red', 'video/red', 'video/ulpfec', 'video/flexfec-03']);

/** They don't change, and asking for them isn't free. */
const receivable = new Map<'audio' | 'video', RTCRtpCodec[]>();

/** Leaves in a receiving section what the server may send. */
export function trimCodecs(transceiver: RTCRtpTransceiver, kind: 'audio' | 'video'): void {
  const codecs =
    receivable.get(kind) ??
    globalThis.RTCRtpReceiver?.getCapabilities?.(kind)?.codecs.filter(
      (codec) => forwarded(codec) || REDUNDANCY.has(codec.mimeType.toLowerCase()),
    ) ??
    [];
  receivable.set(kind, codecs);
  if (codecs.length === 0 || typeof transceiver.setCodecPreferences !== 'function') return;
  try {
    transceiver.setCodecPreferences(codecs);
  } catch {
    // Then offers are longer.
  }
}

/** Tells a sending section what to prefer. Left at the browser's own order where it can't be told. */
export function preferCodecs(
  transceiver: RTCRtpTransceiver,
  preferred: readonly VideoCodec[],
  only?: VideoCodec,
): void {
  if (typeof transceiver.setCodecPreferences !== 'function') return;
  // Which of the two lists a browser checks against has changed over the years.
  for (const side of [globalThis.RTCRtpSender, globalThis.RTCRtpReceiver]) {
    const codecs = side?.getCapabilities?.('video')?.codecs.filter(forwarded);
    if (!codecs?.length) continue;
    try {
      transceiver.setCodecPreferences(orderCodecs(codecs, preferred, only));
      return;
    } catch {
      // The other list, then.
    }
  }
}
