/** Counters of the engine by metric name; the datapath has its own. */
export interface EngineCounters {
  rtpUnknownSsrc: number;
  rtpUnknownType: number;
  rtcpMalformed: number;
  nacksReceived: number;
  nacksSent: number;
  retransmitted: number;
  repaired: number;
  keyFrameRequestsReceived: number;
  /** Of receivers that ask too often. */
  keyFrameRequestsIgnored: number;
  keyFrameRequestsSent: number;
  switches: number;
  /** Transport-wide feedback that can't be true. */
  feedbackLies: number;
  probes: number;
  /** Packets whose place in the arena was taken before they could leave. */
  waitedTooLong: number;
  /** FEC packets for video. */
  repairPackets: number;
  /** Producers that the other end of a pipe announced and that were not taken: nonsense, too many, or an id that is ours. */
  pipeProducersRefused: number;
  /** Those that had been here before. */
  pipeLoops: number;
  /** Those that had come over too many routers. */
  pipesTooLong: number;
  /** What else the other end of a pipe said that made no sense, or was too much. */
  pipeMessagesRefused: number;
}

export function engineCounters(): EngineCounters {
  return {
    rtpUnknownSsrc: 0,
    rtpUnknownType: 0,
    rtcpMalformed: 0,
    nacksReceived: 0,
    nacksSent: 0,
    retransmitted: 0,
    repaired: 0,
    keyFrameRequestsReceived: 0,
    keyFrameRequestsIgnored: 0,
    keyFrameRequestsSent: 0,
    switches: 0,
    feedbackLies: 0,
    probes: 0,
    waitedTooLong: 0,
    repairPackets: 0,
    pipeProducersRefused: 0,
    pipeLoops: 0,
    pipesTooLong: 0,
    pipeMessagesRefused: 0,
  };
}
