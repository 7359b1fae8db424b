export * from './classic.js';
export * from './data.js';
export * from './errors.js';
export * from './rest.js';
export * from './room.js';
export * from './sfu.js';
export * from './topology.js';
export * from './view.js';
