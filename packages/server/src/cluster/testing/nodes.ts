/** What tests of the cluster make nodes from. */
import { randomBytes } from 'node:crypto';
import { CLUSTER_PROTOCOL, type NodeInfo, type NodeReport } from '../schema.js';

export function nodeInfo(id: string, more: Partial<NodeInfo> = {}): NodeInfo {
  return {
    ...{ protocol: CLUSTER_PROTOCOL, id, instance: randomBytes(16).toString('hex'), url: `http://${id}.test` },
    ...{ region: null, version: '0.0.0', limits: { viewers: 100, bandwidthBps: null, streams: null } },
    ...more,
  };
}

export function nodeReport(load: Partial<NodeReport['load']> = {}): NodeReport {
  return {
    load: {
      ...{ cpu: 0.1, loop: 0.1, receiveBps: 0, sendBps: 0, viewers: 0, participants: 0, streams: 0, rooms: 0 },
      ...{ rssBytes: 1e8, arrivals: 0 },
      ...load,
    },
    workers: [],
  };
}
