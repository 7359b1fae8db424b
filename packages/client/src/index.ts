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
export * from './emitter.js';
export * from './errors.js';
export * from './events.js';
export { LocalParticipant, type LocalTrackEnd } from './local-participant.js';
export * from './media/capture.js';
export * from './media/devices.js';
export * from './media/microphone-meter.js';
export * from './options.js';
export * from './participant.js';
export { Room } from './room.js';
export type { RoomStats, TrackStats, TransportStats } from './stats/room-stats.js';
export * from './track.js';
