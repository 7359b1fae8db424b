import type { ChannelCounters } from './channels.js';
import { type SctpCounters, sctpCounters } from './sctp/counters.js';

/** Of all data of a worker, by metric name. */
export interface DataCounters extends SctpCounters, ChannelCounters {
  dataAssociations: number;
  dataMessagesReceived: number;
  dataMessagesSent: number;
  dataBytesReceived: number;
  dataBytesSent: number;
  /** SCTP from a client that agreed on no data, or more packets than may wait; lost like any other packet. */
  dataPacketDrops: number;
  /** Messages without a head that makes sense. */
  dataMalformed: number;
  /** To an address that nobody has, or that has no such channel. */
  dataNoReceiver: number;
  /** Beyond the sender's or the router's rate. */
  dataOverBudget: number;
  /** `lossy` messages that a slow receiver did not get. */
  dataLossyDrops: number;
  /** `reliable` channels closed because their receiver was too slow. */
  dataOverflows: number;
  /** `file` channels closed because their receiver took nothing for too long. */
  dataStalls: number;
  /** Longer than their receiver takes. */
  dataTooLong: number;
  /** Messages to other nodes. */
  dataBridgeSent: number;
  dataBridgeReceived: number;
  /** Told by another node and not to be believed: people without end, senders who aren't its own, room that there isn't. */
  dataBridgeRefused: number;
}

export function dataCounters(): DataCounters {
  return {
    ...sctpCounters(),
    dataAssociations: 0,
    dataMessagesReceived: 0,
    dataMessagesSent: 0,
    dataBytesReceived: 0,
    dataBytesSent: 0,
    dataPacketDrops: 0,
    dataChannelsOpened: 0,
    dataChannelsRefused: 0,
    dataStray: 0,
    dataMalformed: 0,
    dataNoReceiver: 0,
    dataOverBudget: 0,
    dataLossyDrops: 0,
    dataOverflows: 0,
    dataStalls: 0,
    dataTooLong: 0,
    dataBridgeSent: 0,
    dataBridgeReceived: 0,
    dataBridgeRefused: 0,
  };
}
