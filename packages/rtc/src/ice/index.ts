export * from './address.js';
export * from './binding.js';
export * from './candidate.js';
export * from './client-agent.js';
export * from './lite-agent.js';
export type { IceSender } from './pairs.js';
export * from './stun.js';
export * from './tcp-framing.js';
