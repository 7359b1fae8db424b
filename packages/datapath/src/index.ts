export { createDatapath, runYardstick, type YardstickOptions, type YardstickResult } from './addon.js';
export * from './datapath.js';
export * from './errors.js';
export * from './layout.js';
