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
  keyFrameRequestsSent: number;
  switches: number;
  /** Transport-wide feedback that can't be true. */
  feedbackLies: number;
  probes: number;
  /** Packets whose place in the arena was taken before they could leave. */
  waitedTooLong: number;
  /** FEC packets for video. */
  repairPackets: number;
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
    keyFrameRequestsSent: 0,
    switches: 0,
    feedbackLies: 0,
    probes: 0,
    waitedTooLong: 0,
    repairPackets: 0,
  };
}
