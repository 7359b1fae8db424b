export * from './dominant-speaker.js';
