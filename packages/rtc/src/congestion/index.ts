export {
  BandwidthEstimator,
  type BandwidthEstimatorOptions,
  type SentPackets,
} from './estimator.js';
export * from './feedback-generator.js';
export * from './feedback-reader.js';
export type { PathUse } from './overuse.js';
export * from './pacer.js';
export type { ProbeCluster } from './probing.js';
export * from './send-history.js';
