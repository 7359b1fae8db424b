export * from './feedback-generator.js';
export * from './feedback-reader.js';
export * from './send-history.js';
