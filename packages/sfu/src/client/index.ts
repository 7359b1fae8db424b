export { evenSplit } from './even-split.js';
export { isVp8KeyFrameData, VP8_DESCRIPTOR_BYTES, Vp8Packetizer, type Vp8PacketizerOptions } from './vp8-packetizer.js';
