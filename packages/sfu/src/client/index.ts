export { DelayHistogram } from './delay-histogram.js';
export { ClientError, type ClientErrorCode } from './errors.js';
export { evenSplit } from './even-split.js';
export { ClientHub, type ClientHubOptions } from './hub.js';
export type { IncomingStream, IncomingStreamStats } from './incoming-stream.js';
export type { OutgoingStream, PacketFields } from './outgoing-stream.js';
export type { ClientAgreement, ClientPeer, ClientPeerState } from './peer.js';
export { readSendStamp, SEND_STAMP_BYTES, writeSendStamp } from './send-stamp.js';
export { isVp8KeyFrameData, VP8_DESCRIPTOR_BYTES, Vp8Packetizer, type Vp8PacketizerOptions } from './vp8-packetizer.js';
