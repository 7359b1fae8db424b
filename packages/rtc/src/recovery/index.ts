export * from './nack-generator.js';
export * from './opus.js';
export * from './red.js';
export * from './red-audio.js';
export * from './rtx.js';
