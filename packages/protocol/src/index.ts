export * from './errors.js';
export * from './rest.js';
export * from './room.js';
export * from './sfu.js';
