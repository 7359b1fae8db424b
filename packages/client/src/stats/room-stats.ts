import type { TrackSource } from '@efir/protocol';

/** One track on the wire, since the last call of `stats()`. Absent figures are null: not every browser has all. */
export interface TrackStats {
  participant: string;
  source: TrackSource;
  direction: 'in' | 'out';
  kind: 'audio' | 'video';
  /** Lower case: `opus`, `vp8`, … */
  codec: string | null;
  bitrateBps: number | null;
  /** Share of packets lost since the last call, 0 to 1; for `out`, as the other end reports it. */
  lossRatio: number | null;
  packetsLost: number | null;
  jitterMs: number | null;
  rttMs: number | null;
  width: number | null;
  height: number | null;
  framesPerSecond: number | null;
  /** Decoded (in) or encoded (out) so far. */
  frames: number | null;
  framesDropped: number | null;
  freezes: number | null;
  /** Retransmissions asked for (in) or asked of us (out). */
  nacks: number | null;
  keyFrameRequests: number | null;
  /** 0 to 1. */
  audioLevel: number | null;
  /** How long what came is held back on average, since the last call, ms; and what the page asked for at least. */
  jitterBufferMs: number | null;
  jitterBufferTargetMs: number | null;
  /** Simulcast: name of the layer. */
  rid: string | null;
  /** What holds the encoder back: `cpu`, `bandwidth`, `none`. */
  limitedBy: string | null;
}

export interface TransportStats {
  rttMs: number | null;
  protocol: 'udp' | 'tcp' | null;
  /** What the browser believes it may send. */
  availableOutgoingBps: number | null;
  sentBps: number | null;
  receivedBps: number | null;
}

export interface RoomStats {
  transport: TransportStats | null;
  tracks: TrackStats[];
}

/** The figures of several connections as those of one: rates added up, the longest round trip, `tcp` if one goes by TCP. */
export function mergeStats(parts: readonly RoomStats[]): RoomStats {
  const transports = parts.flatMap(({ transport }) => (transport ? [transport] : []));
  const [first] = transports;
  const add = (figure: (transport: TransportStats) => number | null): number | null => {
    const known = transports.map(figure).filter((value) => value !== null);
    return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) : null;
  };
  const roundTrips = transports.flatMap(({ rttMs }) => (rttMs === null ? [] : [rttMs]));
  const transport: TransportStats | null = first
    ? {
        rttMs: roundTrips.length > 0 ? Math.max(...roundTrips) : null,
        protocol: transports.some(({ protocol }) => protocol === 'tcp') ? 'tcp' : first.protocol,
        availableOutgoingBps: add(({ availableOutgoingBps }) => availableOutgoingBps),
        sentBps: add(({ sentBps }) => sentBps),
        receivedBps: add(({ receivedBps }) => receivedBps),
      }
    : null;
  return { transport, tracks: parts.flatMap(({ tracks }) => tracks) };
}

// biome-ignore lint/suspicious/noExplicitAny: statistics are dictionaries whose members differ by browser.
type Report = any;

export interface StatsOwner {
  participant: string;
  source: TrackSource;
}

/** Whose section this is; `mid` is unknown in some browsers, `trackId` in others. */
export type FindOwner = (direction: 'in' | 'out', mid?: string, trackId?: string) => StatsOwner | null;

interface Sample {
  at: number;
  bytes: number;
  packets: number;
  lost: number;
  heldSeconds: number;
  emitted: number;
}

/** Turns `getStats()` reports into figures; remembers the last ones for rates. One per room. */
export class StatsReader {
  private samples = new Map<string, Sample>();

  read(reports: Iterable<Report>, owner: FindOwner): RoomStats {
    const byId = new Map<string, Report>();
    for (const report of reports) byId.set(report.id, report);
    const next = new Map<string, Sample>();
    const remote = new Map<string, Report>();
    for (const report of byId.values()) {
      if (report.type === 'remote-inbound-rtp' && report.localId) remote.set(report.localId, report);
    }
    const tracks: TrackStats[] = [];
    for (const report of byId.values()) {
      const direction = report.type === 'inbound-rtp' ? 'in' : report.type === 'outbound-rtp' ? 'out' : null;
      if (!direction) continue;
      const whose = owner(direction, report.mid, report.trackIdentifier);
      if (whose) tracks.push(this.track(report, direction, whose, byId, remote.get(report.id), next));
    }
    const transport = this.transport(byId, next);
    this.samples = next;
    return { transport, tracks };
  }

  private track(
    report: Report,
    direction: 'in' | 'out',
    { participant, source }: StatsOwner,
    byId: Map<string, Report>,
    remote: Report | undefined,
    next: Map<string, Sample>,
  ): TrackStats {
    const inbound = direction === 'in';
    const lost: number | null = (inbound ? report.packetsLost : remote?.packetsLost) ?? null;
    const sample: Sample = {
      at: report.timestamp,
      bytes: (inbound ? report.bytesReceived : report.bytesSent) ?? 0,
      packets: (inbound ? report.packetsReceived : report.packetsSent) ?? 0,
      lost: lost ?? 0,
      heldSeconds: report.jitterBufferDelay ?? 0,
      emitted: report.jitterBufferEmittedCount ?? 0,
    };
    const before = this.samples.get(report.id);
    next.set(report.id, sample);
    const media = report.mediaSourceId ? byId.get(report.mediaSourceId) : undefined;
    const codec: string | undefined = byId.get(report.codecId)?.mimeType;
    const rtt = inbound ? null : remote?.roundTripTime;
    return {
      participant,
      source,
      direction,
      kind: report.kind ?? report.mediaType,
      codec: codec?.split('/')[1]?.toLowerCase() ?? null,
      bitrateBps: rate(before, sample),
      lossRatio: loss(before, sample, inbound),
      packetsLost: lost,
      jitterMs: ms(inbound ? report.jitter : remote?.jitter),
      rttMs: ms(rtt),
      width: report.frameWidth ?? null,
      height: report.frameHeight ?? null,
      framesPerSecond: report.framesPerSecond ?? null,
      frames: (inbound ? report.framesDecoded : report.framesEncoded) ?? null,
      framesDropped: report.framesDropped ?? null,
      freezes: report.freezeCount ?? null,
      nacks: report.nackCount ?? null,
      keyFrameRequests: report.pliCount ?? null,
      audioLevel: (inbound ? report.audioLevel : media?.audioLevel) ?? null,
      jitterBufferMs: held(before, sample),
      jitterBufferTargetMs:
        report.jitterBufferTargetDelay > 0 && sample.emitted > 0
          ? (report.jitterBufferTargetDelay / sample.emitted) * 1000
          : null,
      rid: report.rid || null,
      limitedBy: report.qualityLimitationReason ?? null,
    };
  }

  private transport(byId: Map<string, Report>, next: Map<string, Sample>): TransportStats | null {
    const pair = selectedPair(byId);
    if (!pair) return null;
    const sent: Sample = {
      at: pair.timestamp,
      bytes: pair.bytesSent ?? 0,
      packets: 0,
      lost: 0,
      heldSeconds: 0,
      emitted: 0,
    };
    const received: Sample = {
      at: pair.timestamp,
      bytes: pair.bytesReceived ?? 0,
      packets: 0,
      lost: 0,
      heldSeconds: 0,
      emitted: 0,
    };
    next.set(`${pair.id}/sent`, sent);
    next.set(`${pair.id}/received`, received);
    const protocol = byId.get(pair.localCandidateId)?.protocol;
    return {
      rttMs: ms(pair.currentRoundTripTime),
      protocol: protocol === 'tcp' || protocol === 'udp' ? protocol : null,
      availableOutgoingBps: pair.availableOutgoingBitrate ?? null,
      sentBps: rate(this.samples.get(`${pair.id}/sent`), sent),
      receivedBps: rate(this.samples.get(`${pair.id}/received`), received),
    };
  }
}

/** Chromium and Safari name it in the transport's report; Firefox marks the pair itself. */
function selectedPair(byId: Map<string, Report>): Report | undefined {
  let marked: Report | undefined;
  for (const report of byId.values()) {
    if (report.type === 'transport' && report.selectedCandidatePairId) return byId.get(report.selectedCandidatePairId);
    if (report.type !== 'candidate-pair') continue;
    if (report.selected || (report.nominated && report.state === 'succeeded')) marked = report;
  }
  return marked;
}

const ms = (seconds: number | null | undefined): number | null => (typeof seconds === 'number' ? seconds * 1000 : null);

function rate(before: Sample | undefined, after: Sample): number | null {
  if (!before || after.at <= before.at) return null;
  return Math.max(0, ((after.bytes - before.bytes) * 8 * 1000) / (after.at - before.at));
}

function loss(before: Sample | undefined, after: Sample, inbound: boolean): number | null {
  if (!before) return null;
  const lost = Math.max(0, after.lost - before.lost);
  const packets = after.packets - before.packets;
  const total = inbound ? packets + lost : packets;
  return total > 0 ? Math.min(1, lost / total) : null;
}

function held(before: Sample | undefined, after: Sample): number | null {
  const emitted = after.emitted - (before?.emitted ?? 0);
  return emitted > 0 ? ((after.heldSeconds - (before?.heldSeconds ?? 0)) / emitted) * 1000 : null;
}
