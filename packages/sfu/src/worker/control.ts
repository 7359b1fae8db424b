/**
 * The control channel between a server and a worker: what each may say. Requests are answered one for one; notices are not.
 * Ids are the caller's strings. A transport is one client; a producer is `${transport}/${mid}`.
 */
import type { HostCandidate, IceParameters, MediaKind, SdpFingerprint, SectionParameters } from '@efir/rtc';
import type { DataDescription } from '../data/endpoint.js';

/** Where a virtual stream takes its packets from. */
export type StreamSource =
  /** One producer. */
  | { producer: string }
  /** Whoever speaks in the router (of the section's kind); never the transport's own producers. */
  | { follow: 'speaker' }
  /** Audio: one of the loudest, each on one stream of the transport only. */
  | { follow: 'loudest' }
  /** Nothing: the stream stays silent. */
  | null;

export interface TransportDescription {
  router: string;
  transport: string;
  localIce: IceParameters;
  remoteIce: IceParameters;
  /** Our DTLS role: `server` when the client said `active` or `actpass`. */
  dtlsRole: 'client' | 'server';
  remoteFingerprints: SdpFingerprint[];
  /** The whole of the agreement so far: sections that were there keep their streams, new ones are added, missing ones end. */
  sections: SectionParameters[];
  /** The section of data channels, if there is one. */
  data?: DataDescription;
}

/** What a video stream is shown as; the allocation of bandwidth goes by it. */
export interface StreamWant {
  /** `stage`: pinned, or alone, or whoever speaks; `screen`: a shared screen; `thumbnail`: one of a page. */
  role: 'stage' | 'screen' | 'thumbnail';
  /** Of the tile, in device pixels; 0: not seen, so nothing is sent. */
  height: number;
  /** Place on the page; a lower one comes first where not all can be had. */
  order: number;
}

export interface Route {
  /** Section of the receiving transport; must have a downlink. */
  mid: string;
  source: StreamSource;
  /** Without it a video stream is a stage of any height. */
  want?: StreamWant;
}

/** What a client wants of all its streams together. */
export interface Reception {
  /** False: audio only. */
  video: boolean;
  /** The most that is sent to it, bit/s; null: what the path carries. */
  maxBps: number | null;
}

/** One video stream as it is being sent. */
export interface StreamQuality {
  mid: string;
  /** Layers from 0; -1: nothing is sent. */
  spatial: number;
  temporal: number;
  /** Over the last second. */
  bitrateBps: number;
  /** Its source would be sent if the path carried more. */
  paused: boolean;
}

/** One end of a pipe between two routers: media goes from the source to the sink. Ids are in one namespace with transports. */
export interface PipeDescription {
  router: string;
  pipe: string;
  localIce: IceParameters;
  remoteIce: IceParameters;
  remoteFingerprints: SdpFingerprint[];
  /** That the other end is on. Given by both ends, the pipe also carries files between people of the two routers. */
  node?: string;
}

export type WorkerRequest =
  | { type: 'openRouter'; router: string }
  | { type: 'closeRouter'; router: string }
  /** Each `to` is or will be the same source as its `from`, which it takes the place of when it is there. */
  | { type: 'succeed'; router: string; producers: { from: string; to: string }[] }
  /** Makes the transport or brings it to the new description. New ICE credentials mean an ICE restart; a new fingerprint is an error. */
  | ({ type: 'configureTransport' } & TransportDescription)
  | { type: 'closeTransport'; transport: string }
  | { type: 'route'; transport: string; routes: Route[] }
  | { type: 'setReception'; transport: string; reception: Reception }
  /** Its client goes over to a transport on another node: files go there, other data comes here until it is closed. */
  | { type: 'departData'; transport: string }
  /** Paused: its packets are received and not forwarded. */
  | { type: 'pauseProducer'; producer: string; paused: boolean }
  | { type: 'transportStats'; transport: string }
  /**
   * The end that sends waits for the other one (ICE-lite, DTLS server). `relay`: what came from other routers goes on too, else
   * only what is published here. `maxBps`: video is cut off above it, the best layers first.
   */
  | ({ type: 'openPipeSource'; relay: boolean; maxBps?: number } & PipeDescription)
  /**
   * The end that receives connects to one of the source's candidates, from a port of its own; UDP only. A second one that brings
   * the same producers stands by, and takes over when the first is closed, fails or has been silent for some 200 ms; one that is
   * there to stand by (`standby`) gives them to the first that isn't.
   */
  | ({ type: 'openPipeSink'; candidates: HostCandidate[]; standby?: boolean } & PipeDescription)
  /** A sink stands by from now on, or doesn't any more. */
  | { type: 'standPipe'; pipe: string; standby: boolean }
  /**
   * A sink whose producers come by other pipes as well closes once everybody is shown those, 3 s later at most; every other end
   * at once. To change over, close the sink: the source's end follows.
   */
  | { type: 'closePipe'; pipe: string }
  | { type: 'pipeStats'; pipe: string }
  /** Stop taking part, say goodbye to peers, exit 0. */
  | { type: 'shutdown' };

export interface StreamStats {
  /** Producer id, or `transport/mid` of the virtual stream. */
  id: string;
  kind: MediaKind;
  codec?: string;
  ssrc?: number;
  rid?: string;
  packets: number;
  bytes: number;
  bitrateBps: number;
  /** Lost as seen by the receiver of the stream (us for producers, the client for virtual streams), cumulative. */
  lost: number;
  jitterMs: number;
  nacks: number;
  plis: number;
  retransmitted: number;
}

export interface TransportStats {
  state: TransportState;
  roundTripMs?: number;
  /** Of the selected path: `udp` or `tcp`. */
  protocol?: 'udp' | 'tcp';
  remoteAddress?: string;
  srtpProfile?: string;
  /** Transport-wide loss towards the client in the last second, 0..1. */
  sendLoss: number;
  producers: StreamStats[];
  virtualStreams: (StreamStats & { source: string | null })[];
}

/** One end of a pipe over the last second. */
export interface PipeFigures {
  pipe: string;
  router: string;
  role: 'source' | 'sink';
  state: TransportState;
  /** null: not measured yet. */
  roundTripMs: number | null;
  /** Lost on the way from the source to the sink, before repair; 0..1. */
  lossShare: number;
  sendBps: number;
  receiveBps: number;
  /** Announced. */
  producers: number;
  /** Encodings that flow. */
  streams: number;
  /** Of those, 64 at most. */
  carried: { producer: string; rid?: string; bitrateBps: number }[];
}

/** The answer to a request, by its type. */
export interface WorkerReplies {
  openRouter: Record<string, never>;
  closeRouter: Record<string, never>;
  succeed: Record<string, never>;
  configureTransport: Record<string, never>;
  closeTransport: Record<string, never>;
  route: Record<string, never>;
  setReception: Record<string, never>;
  departData: Record<string, never>;
  pauseProducer: Record<string, never>;
  transportStats: TransportStats;
  openPipeSource: Record<string, never>;
  openPipeSink: Record<string, never>;
  standPipe: Record<string, never>;
  closePipe: Record<string, never>;
  pipeStats: PipeFigures;
  shutdown: Record<string, never>;
}

export type TransportState = 'new' | 'connecting' | 'connected' | 'failed' | 'closed';

export interface LoadFigures {
  /** Share of one core over the last second, 0..1 and above (handshake threads). */
  cpu: number;
  /** Share of the second in which the loop was busy, 0..1. */
  loop: number;
  rssBytes: number;
  receiveBps: number;
  sendBps: number;
  receivePps: number;
  sendPps: number;
  routers: number;
  transports: number;
  producers: number;
  virtualStreams: number;
  /** Counters since start: the datapath's and the engine's, by metric name. */
  counters: Record<string, number>;
}

export type WorkerNotice =
  | { type: 'ready'; pid: number; port: number; families: (4 | 6)[]; fingerprint: SdpFingerprint }
  | { type: 'load'; load: LoadFigures }
  /**
   * Also of pipes (`transport` is the pipe's id): connected once the media is up and the other end has told what there is, failed
   * when it can't be reached within 3 s or used within 8 s, is silent for 2 s (1 s where something flowed) or says goodbye without
   * being asked to here. An end that failed is gone.
   */
  | { type: 'transportState'; transport: string; state: TransportState; reason?: string }
  /** Once a second, if there are any. */
  | { type: 'pipes'; pipes: PipeFigures[] }
  /** Nothing came from the other end for longer than it should; told once for each silence, before the pipe is given up. */
  | { type: 'pipeSilent'; pipe: string }
  /** First packet came, or none came for 3 s (`active: false`). */
  | { type: 'producerState'; producer: string; active: boolean; codec?: string }
  /** Loudness has a new first among a router's audio producers, or nobody speaks (null). */
  | { type: 'speaker'; router: string; producer: string | null }
  /** A following virtual stream took up another source (after its first frame went out). */
  | { type: 'source'; transport: string; mid: string; producer: string | null }
  /**
   * Which layers of a producer somebody takes: those above `spatial` can be switched off at the publisher; -1: none is taken.
   * Said at once when more are wanted, after some seconds when fewer are.
   */
  | { type: 'layers'; producer: string; spatial: number }
  /** How a client's path is used: at each change that matters, and once a second while anything changes. */
  | {
      type: 'quality';
      transport: string;
      estimateBps: number;
      sentBps: number;
      /** What would be sent if the path carried anything. */
      wantedBps: number;
      lossShare: number;
      roundTripMs: number | null;
      /** Video is paused, or less than the least of each picture can be sent. */
      weak: boolean;
      streams: StreamQuality[];
    }
  /** 0: the worker keeps up. 1: no picture is at its best. 2: all are at the least, and thumbnails are paused. */
  | { type: 'overload'; level: 0 | 1 | 2 };

/** What goes through `process.send`. */
export type ControlMessage =
  | { id: number; request: WorkerRequest }
  | { id: number; reply: WorkerReplies[keyof WorkerReplies] }
  | { id: number; error: { code: string; message: string } }
  | { notice: WorkerNotice };

/** Start options of a worker process, given as JSON in its first argument. */
export interface WorkerOptions {
  index: number;
  /** UDP and TCP port; 0 picks one that is free for both. */
  port: number;
  /** Addresses to bind; default `['0.0.0.0', '::']`, a family the machine lacks is skipped. */
  listen: string[];
  /** Arena slots, see the datapath. */
  slots?: number;
  /** Silence after which a client is gone, ms; default 30,000 (RFC 7675). */
  consentTimeoutMs?: number;
}
