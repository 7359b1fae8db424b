export * from './congestion/index.js';
export * from './errors.js';
export * from './ice/index.js';
export * from './recovery/index.js';
export * from './rtcp/index.js';
export * from './rtp/index.js';
export * from './sdp/index.js';
export * from './speakers/index.js';
