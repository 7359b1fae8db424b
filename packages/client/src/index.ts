export type {
  LiveTopology,
  ParticipantInfo,
  RoomInfo,
  RoomSettings,
  TopologyReason,
  TrackInfo,
  TrackSource,
  VideoCodec,
} from '@efir/protocol';
export { MAX_FILE_BYTES } from './data/files/control.js';
export { type FileDescription, type FileFailure, type FileState, FileTransfer } from './data/files/file-transfer.js';
export type { Files, FilesEvents } from './data/files/files.js';
export { CHAT_TEXT_MAX, type ChatMessage, type RoomData, type RoomDataEvents } from './data/room-data.js';
export * from './emitter.js';
export * from './errors.js';
export * from './events.js';
export { LocalParticipant, type LocalTrackEnd } from './local-participant.js';
export * from './media/capture.js';
export * from './media/devices.js';
export * from './media/microphone-meter.js';
export * from './options.js';
export * from './participant.js';
export type { Quality, StreamQuality } from './quality/quality.js';
export { Room } from './room.js';
export type { RoomStats, TrackStats, TransportStats } from './stats/room-stats.js';
export * from './track.js';
export type { Sound, Stage } from './view/shown-media.js';
export { MAX_PAGE, type Reception, SAVER_BPS, type Tile, VOICES } from './view/view.js';
export { type PlayerEvents, type PlayerOptions, type PlayerState, type WaitReason, WhepPlayer } from './whep/player.js';
