export * from './nack-generator.js';
export * from './rtx.js';
