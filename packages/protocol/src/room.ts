import { z } from 'zod';

/** Room and participant names as they travel. */
export const RoomId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'a room id is 1 to 64 letters, digits, - or _');
export const DisplayName = z.string().trim().min(1).max(64);
export const ParticipantId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
export const Mid = z.string().regex(/^[A-Za-z0-9_-]{1,32}$/);

export const Topology = z.enum(['auto', 'mesh', 'sfu', 'mcu']);
export type Topology = z.infer<typeof Topology>;

export const VideoCodec = z.enum(['vp8', 'vp9', 'h264', 'av1']);
export type VideoCodec = z.infer<typeof VideoCodec>;

/** `call`: everybody may speak to everybody. `broadcast`: few publish, and any number watch, on as many nodes as it takes. */
export const RoomKind = z.enum(['call', 'broadcast']);
export type RoomKind = z.infer<typeof RoomKind>;

/** `PUT /api/rooms/{room}`. */
export const RoomSettings = z.strictObject({
  kind: RoomKind.default('call'),
  topology: Topology.default('auto'),
  /** Video codecs in order of preference; publishers use the first that they can. */
  videoCodecs: z.array(VideoCodec).min(1).max(4).default(['vp8', 'vp9', 'h264', 'av1']),
  maxParticipants: z.number().int().min(1).max(10_000).default(1_000),
  title: z.string().trim().max(120).optional(),
});
export type RoomSettings = z.infer<typeof RoomSettings>;

/** Tracks that one participant may publish. */
export const MAX_TRACKS = 16;

/** What a published track is of. */
export const TrackSource = z.enum(['microphone', 'camera', 'screen', 'screen-audio']);
export type TrackSource = z.infer<typeof TrackSource>;

export const TrackInfo = z.object({
  /** Unique in the room. */
  id: z.string().max(128),
  source: TrackSource,
  kind: z.enum(['audio', 'video']),
  muted: z.boolean(),
});
export type TrackInfo = z.infer<typeof TrackInfo>;

export const ParticipantInfo = z.object({
  id: ParticipantId,
  name: DisplayName,
  tracks: z.array(TrackInfo).max(MAX_TRACKS),
  /** ms since the epoch, the server's clock. */
  joinedAt: z.number(),
  /** A client of the classic rooms protocol: its room is a mesh, and it has no data channels, no `say` and no tracks in this list. */
  classic: z.literal(true).optional(),
  /** On another node than you: of the data channels only `file` reaches them, for all else there is `say`. */
  apart: z.literal(true).optional(),
});
export type ParticipantInfo = z.infer<typeof ParticipantInfo>;

export const RoomInfo = z.object({
  id: RoomId,
  settings: RoomSettings,
  /** What the room runs on now. */
  topology: z.enum(['mesh', 'sfu', 'mcu']),
  participants: z.number().int(),
  createdAt: z.number(),
});
export type RoomInfo = z.infer<typeof RoomInfo>;
