export * from './answer.js';
export * from './capabilities.js';
export { type Description, MAX_SDP_CHARACTERS, MAX_SECTIONS } from './description.js';
export * from './error.js';
export * from './negotiate.js';
export * from './offer.js';
export * from './parameters.js';
export type { CodecLine, Direction, ExtensionLine, Section, SsrcLine } from './section.js';
export type { Setup } from './transport.js';
