import type { VideoCodec } from '@efir/protocol';

/** The picture a camera is asked for, and what its encoder may spend. */
export interface VideoQuality {
  width: number;
  height: number;
  frameRate: number;
  maxBitrateBps: number;
}

export type VideoPreset = 'h180' | 'h360' | 'h720';

export const VIDEO_PRESETS: Readonly<Record<VideoPreset, VideoQuality>> = {
  h180: { width: 320, height: 180, frameRate: 20, maxBitrateBps: 250_000 },
  h360: { width: 640, height: 360, frameRate: 30, maxBitrateBps: 1_200_000 },
  h720: { width: 1280, height: 720, frameRate: 30, maxBitrateBps: 1_800_000 },
};

/** Text must stay sharp, motion may suffer. */
export const SCREEN_QUALITY: Readonly<VideoQuality> = {
  width: 1920,
  height: 1080,
  frameRate: 15,
  maxBitrateBps: 2_500_000,
};

/** Spoken by one person; Opus is transparent for that well below this. */
export const AUDIO_MAX_BITRATE_BPS = 48_000;

/** `interactive`: as short as the network allows. `broadcast`: a second, for what nobody answers to. Or ms, up to 4,000. */
export type Playout = 'interactive' | 'broadcast' | number;

export interface RoomOptions {
  /** Room id: 1 to 64 letters, digits, `-` or `_`. */
  room: string;
  /** How the others see you. */
  name: string;
  /** The server's origin; by default the page's. */
  url?: string;
  /** Join token, where rooms are closed. */
  token?: string;
  /** Camera quality, a preset or your own; `h360` by default. */
  video?: VideoPreset | Partial<VideoQuality>;
  /** Send video in this codec alone, whatever the room prefers (if the browser has it). */
  codec?: VideoCodec;
  /**
   * What to keep when CPU or network is short. By default the camera's frame rate: at a few percent of loss `balanced` halves it.
   * Not in every browser.
   */
  degradationPreference?: RTCDegradationPreference;
  /**
   * The most pictures that are shown at a time, 1 to 25: what is received is negotiated once for so many, however large the
   * room is, and `room.setView` says which. Without it everybody is received.
   */
  page?: number;
  /** How long what is received may be held back for evenness, see `room.setPlayout`; `interactive` by default. */
  playout?: Playout;
  /** Secret of an earlier stay (`room.resumeSecret`): come in as the same person, whose other page is put out. */
  resume?: string;
  /** `relay`: only by way of a relay (TURN). */
  iceTransportPolicy?: RTCIceTransportPolicy;
}

export function videoQuality(video: RoomOptions['video'] = 'h360'): VideoQuality {
  if (typeof video === 'string') return VIDEO_PRESETS[video] ?? VIDEO_PRESETS.h360;
  return { ...VIDEO_PRESETS.h360, ...video };
}
