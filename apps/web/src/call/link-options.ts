import { type Playout, VIDEO_PRESETS, type VideoCodec, type VideoPreset, type VideoQuality } from '@efir/client';

/** What a link to a room may ask for: `/room/demo?name=Ann&codec=av1&quality=h720&fps=15&video=0&audio=0&relay=1&playout=broadcast&token=…` */
export interface LinkOptions {
  /** Go straight in under this name. */
  name: string | null;
  codec?: VideoCodec;
  quality: VideoQuality;
  token?: string;
  /** Without the camera, without the microphone. */
  camera: boolean;
  microphone: boolean;
  /** Media by way of a relay (TURN) alone. */
  relay: boolean;
  /** How long what is received may be held back for evenness. */
  playout: Playout;
}

const CODECS: readonly string[] = ['vp8', 'vp9', 'h264', 'av1'] satisfies VideoCodec[];

export function readLinkOptions(search: string): LinkOptions {
  const params = new URLSearchParams(search);
  const name = params.get('name')?.trim().slice(0, 64) || null;
  const codec = params.get('codec')?.toLowerCase() ?? '';
  const token = params.get('token');
  const preset = params.get('quality') ?? '';
  const quality = {
    ...(Object.hasOwn(VIDEO_PRESETS, preset) ? VIDEO_PRESETS[preset as VideoPreset] : VIDEO_PRESETS.h360),
  };
  const fps = Number(params.get('fps'));
  if (fps >= 1 && fps <= 60) quality.frameRate = fps;
  return {
    name,
    quality,
    camera: params.get('video') !== '0',
    microphone: params.get('audio') !== '0',
    relay: params.get('relay') === '1',
    playout: readPlayout(params.get('playout')),
    ...(CODECS.includes(codec) ? { codec: codec as VideoCodec } : {}),
    ...(token ? { token: token.slice(0, 4096) } : {}),
  };
}

function readPlayout(text: string | null): Playout {
  if (text === 'broadcast') return text;
  const ms = Number(text);
  return text && ms > 0 && ms <= 4_000 ? ms : 'interactive';
}
