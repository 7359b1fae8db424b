export * from './rtcp/index.js';
export * from './rtp/index.js';
export * from './sdp/parameters.js';
