export * from './datapath.js';
export * from './layout.js';
