import type { LiveTopology, RoomInfo, TrackSource } from '@efir/protocol';
import type { TransportState } from '../connection/recovery.js';
import type { SectionCounts } from '../connection/section-plan.js';
import { EfirError } from '../errors.js';
import type { LocalParticipant } from '../local-participant.js';
import { MeshPath } from '../mesh/mesh-path.js';
import { type RoomOptions, videoQuality } from '../options.js';
import type { Roster } from '../roster.js';
import type { Signalling } from '../signalling.js';
import { PAGE_LIMITS, pageSections } from '../view/view.js';
import type { MediaPath, PathEvents } from './media-path.js';
import type { PathOrigin } from './paths.js';
import { hasRelay } from './relay-trouble.js';
import { SfuPath, type SfuPathOptions } from './sfu-path.js';

export interface PathFactoryHost extends PathEvents {
  options: RoomOptions;
  local: LocalParticipant;
  roster: Roster;
  signalling: Pick<Signalling, 'request'>;
  info(): RoomInfo | null;
  iceServers(): RTCIceServer[];
  /** Tells the server; lost with the connection, it is said again with the next offer or on resumption. */
  tellMuted(source: TrackSource, muted: boolean): Promise<void>;
  onSfuState(path: MediaPath, state: TransportState): void;
  onExchangeFailed(path: MediaPath, error: unknown): void;
  onClassicSources(peer: string, sources: TrackSource[]): void;
}

/** Makes the paths of one session. Throws `EfirError` `unsupported-browser` where there is no WebRTC. */
export function pathFactory(host: PathFactoryHost): (topology: LiveTopology, origin: PathOrigin) => MediaPath {
  const { options, local, roster, signalling } = host;
  const { page } = options;
  const common = () => {
    const iceServers = host.iceServers();
    const relayOnly = options.iceTransportPolicy === 'relay';
    if (relayOnly && !hasRelay(iceServers)) {
      host.onError(new EfirError('relay-unreachable', 'Only relays are allowed, and the server has none (TURN)'));
    }
    return {
      ...pathEvents(host),
      self: local.id,
      quality: videoQuality(options.video),
      videoCodecs: host.info()?.settings.videoCodecs ?? [],
      ...(options.codec ? { codec: options.codec } : {}),
      configuration: { iceServers, ...(relayOnly ? { iceTransportPolicy: 'relay' as const } : {}) },
      local: () => local.tracks.map(({ source, media, muted }) => ({ source, media, muted })),
    };
  };
  const mesh = (origin: PathOrigin) =>
    new MeshPath({
      ...common(),
      peers: () => roster.list.map(({ id, classic }) => ({ id, classic })),
      // Who comes offers to those who are there; when all begin at once, one of each pair does.
      initiate: ({ id }) => origin === 'entered' || local.id > id,
      request: (name, payload) => signalling.request(name, payload),
      onClassicSources: host.onClassicSources,
    });
  const sfu = (origin: PathOrigin) => {
    const path: SfuPath = new SfuPath({
      ...common(),
      degradationPreference: options.degradationPreference ?? 'maintain-framerate',
      ...sectionsOf(page, origin, roster),
      offer: async (request, onAnswer) => (await signalling.request('offer', request, onAnswer)).sdp,
      mute: host.tellMuted,
      onState: (state) => host.onSfuState(path, state),
      onExchangeFailed: (error) => host.onExchangeFailed(path, error),
    });
    return path;
  };
  return (topology, origin) => (topology === 'mesh' ? mesh(origin) : sfu(origin));
}

/**
 * Receiving sections of a path through the SFU. In a move each further offer costs time, so there is room for who made the
 * room move; and each section costs time as well, so the rest of the page has to wait until the room has moved.
 */
function sectionsOf(
  page: number | undefined,
  origin: PathOrigin,
  roster: Roster,
): Pick<SfuPathOptions, 'expected' | 'later' | 'limits'> {
  const moved = origin === 'moved';
  if (page === undefined) return { expected: () => roster.expected(moved) };
  const whole = (): SectionCounts => pageSections(page, roster.expected(moved));
  if (!moved) return { expected: whole, limits: PAGE_LIMITS };
  const begin = (): SectionCounts => ({
    audio: whole().audio,
    video: Math.min(whole().video, roster.expected(true).video),
  });
  return { expected: begin, later: whole, limits: PAGE_LIMITS };
}

const pathEvents = ({ onMedia, onPeerState, onError, onData, onDataState }: PathEvents): PathEvents => ({
  onMedia,
  onPeerState,
  onError,
  onData,
  onDataState,
});
