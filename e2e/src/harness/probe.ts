/**
 * What runs inside the pages: a look at every RTCPeerConnection they make. These functions are sent to the browser as text, so
 * each stands alone.
 */

/** How the page's answers are bent before the browser sees them. */
export interface ProbeOptions {
  /** Send UDP to this port of 127.0.0.1 (a relay) instead of the server's. */
  relayPort?: number;
  /** Keep the server's TCP candidates beside a relay; otherwise the relay is the only way. */
  keepTcp?: boolean;
  /** Don't look for the first frame of each track: many tracks on a busy machine would feel it. */
  noFirstFrames?: boolean;
  /** What the page does without: asking again for what was lost (and its key frames), or what is sent to mend losses ahead. */
  without?: ('nack' | 'fec')[];
}

declare global {
  interface Window {
    /** Every peer connection of the page, oldest first. */
    efirPeers: RTCPeerConnection[];
    /** `performance.now()` of each remote video track's arrival and of its first decoded frame, by track id. */
    efirFirstFrames: Record<string, { trackAt: number; frameAt: number | null }>;
  }
}

/** To be run before the page's own scripts. */
export function installProbe(options: ProbeOptions): void {
  const Native = window.RTCPeerConnection;
  if (!Native || window.efirPeers) return;
  window.efirPeers = [];
  window.efirFirstFrames = {};

  const bend = (sdp: string): string => {
    if (!options.relayPort) return sdp;
    let relayed = false;
    const lines = sdp.split('\r\n').flatMap((line) => {
      if (!line.startsWith('a=candidate:')) return [line];
      const fields = line.split(' ');
      if (fields[2].toLowerCase() === 'tcp') return options.keepTcp ? [line] : [];
      if (relayed) return [];
      relayed = true;
      fields[4] = '127.0.0.1';
      fields[5] = String(options.relayPort);
      return [fields.join(' ')];
    });
    return lines.join('\r\n');
  };

  const watchFirstFrame = (receiver: RTCRtpReceiver): void => {
    const entry = { trackAt: performance.now(), frameAt: null as number | null };
    window.efirFirstFrames[receiver.track.id] = entry;
    const timer = setInterval(async () => {
      if (entry.frameAt !== null || performance.now() - entry.trackAt > 30_000) return clearInterval(timer);
      for (const stat of (await receiver.getStats()).values()) {
        if (stat.type === 'inbound-rtp' && stat.framesDecoded > 0) entry.frameAt ??= performance.now();
      }
    }, 20);
  };

  const without = options.without ?? [];
  const absent = [
    ...(without.includes('nack') ? ['video/rtx'] : []),
    ...(without.includes('fec') ? ['audio/red', 'video/red', 'video/ulpfec', 'video/flexfec-03'] : []),
  ];
  const capabilities = RTCRtpReceiver.getCapabilities?.bind(RTCRtpReceiver);
  if (absent.length > 0 && capabilities) {
    RTCRtpReceiver.getCapabilities = (kind) => {
      const known = capabilities(kind);
      return known && { ...known, codecs: known.codecs.filter((codec) => !absent.includes(codec.mimeType)) };
    };
  }
  const cut = (sdp = ''): string => (without.includes('nack') ? sdp.replace(/a=rtcp-fb:\d+ nack\r\n/g, '') : sdp);

  window.RTCPeerConnection = class extends Native {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      window.efirPeers.push(this);
      this.addEventListener('track', (event) => {
        if (event.track.kind === 'video' && !options.noFirstFrames) watchFirstFrame(event.receiver);
      });
    }
    // Its other forms are with callbacks, which nobody uses.
    override async createOffer(options?: unknown): Promise<never> {
      const { type, sdp } = await super.createOffer(options as RTCOfferOptions);
      return { type, sdp: cut(sdp) } as never;
    }
    override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      const { type, sdp } = description;
      return super.setRemoteDescription(sdp ? { type, sdp: bend(sdp) } : description);
    }
  };
}

export interface StreamReading {
  peer: number;
  mid: string;
  kind: 'audio' | 'video';
  /** `video/VP8` and so on. */
  codec: string;
  packets: number;
  bytes: number;
  /** Of inbound streams decoded, of outbound ones encoded. */
  frames: number;
  framesPerSecond: number;
  width: number;
  keyFrames: number;
  lost: number;
  nacks: number;
  plis: number;
  /** What the encoder aims at now, bits per second (outbound, Chromium). */
  targetBps: number;
  /** Packets received or sent again, by RTX. */
  retransmitted: number;
  freezes: number;
  /** Inbound audio: energy so far, arbitrary unit; rises while something is heard. */
  energy: number;
}

export interface Reading {
  /** `performance.now()` of the page, ms. */
  at: number;
  peers: { connection: string; ice: string; signaling: string }[];
  inbound: StreamReading[];
  outbound: StreamReading[];
  /** The path in use, by peer connection. */
  paths: {
    protocol: string;
    /** Of our candidate: `host`, `srflx`, `prflx` or `relay`. */
    localType: string;
    remotePort: number;
    remoteAddress: string;
    rttMs: number;
    estimateBps: number;
  }[];
}

/** Figures of all peer connections that are not closed. */
export async function readStats(): Promise<Reading> {
  const reading: Reading = { at: performance.now(), peers: [], inbound: [], outbound: [], paths: [] };
  for (const [peer, connection] of (window.efirPeers ?? []).entries()) {
    if (connection.signalingState === 'closed') continue;
    reading.peers.push({
      connection: connection.connectionState,
      ice: connection.iceConnectionState,
      signaling: connection.signalingState,
    });
    const report = await connection.getStats();
    const get = (id: string) => (id ? report.get(id) : undefined);
    // Firefox names the selected pair itself, Chromium through the transport.
    let pair = [...report.values()].find((stat) => stat.type === 'candidate-pair' && stat.selected);
    for (const stat of report.values()) {
      if (stat.type === 'transport' && stat.selectedCandidatePairId) pair = get(stat.selectedCandidatePairId);
      if (stat.type !== 'inbound-rtp' && stat.type !== 'outbound-rtp') continue;
      const inbound = stat.type === 'inbound-rtp';
      (inbound ? reading.inbound : reading.outbound).push({
        peer,
        mid: stat.mid ?? '',
        kind: stat.kind,
        codec: get(stat.codecId)?.mimeType ?? '',
        packets: (inbound ? stat.packetsReceived : stat.packetsSent) ?? 0,
        bytes: (inbound ? stat.bytesReceived : stat.bytesSent) ?? 0,
        frames: (inbound ? stat.framesDecoded : stat.framesEncoded) ?? 0,
        framesPerSecond: stat.framesPerSecond ?? 0,
        width: stat.frameWidth ?? 0,
        keyFrames: (inbound ? stat.keyFramesDecoded : stat.keyFramesEncoded) ?? 0,
        lost: stat.packetsLost ?? 0,
        nacks: stat.nackCount ?? 0,
        plis: stat.pliCount ?? 0,
        retransmitted: (inbound ? stat.retransmittedPacketsReceived : stat.retransmittedPacketsSent) ?? 0,
        targetBps: stat.targetBitrate ?? 0,
        freezes: stat.freezeCount ?? 0,
        energy: stat.totalAudioEnergy ?? 0,
      });
    }
    const local = get(pair?.localCandidateId);
    const remote = get(pair?.remoteCandidateId);
    reading.paths.push({
      protocol: local?.protocol ?? remote?.protocol ?? '',
      localType: local?.candidateType ?? '',
      remotePort: remote?.port ?? 0,
      remoteAddress: remote?.address ?? '',
      rttMs: (pair?.currentRoundTripTime ?? 0) * 1000,
      estimateBps: pair?.availableOutgoingBitrate ?? 0,
    });
  }
  return reading;
}

/** How the page's `<video>` elements fare: those that show something. */
export function readVideos(): { width: number; time: number; paused: boolean }[] {
  return [...document.querySelectorAll('video')]
    .filter((video) => video.srcObject)
    .map((video) => ({ width: video.videoWidth, time: video.currentTime, paused: video.paused }));
}
