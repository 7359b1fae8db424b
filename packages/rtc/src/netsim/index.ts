export * from './encoder.js';
export * from './link-model.js';
export * from './media-flow.js';
export * from './random.js';
export * from './simulated-link.js';
export * from './tcp-flow.js';
export * from './virtual-time.js';
