export * from './sdp/parameters.js';
