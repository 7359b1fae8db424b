export * from './audio-jitter-buffer.js';
export { DelayHistogram } from './delay-histogram.js';
export { type FrameNumbers, frameNumbers, type VideoCodecName } from './picture-numbers.js';
export * from './video-jitter-buffer.js';
