/**
 * Memory layouts shared between JavaScript and the addon. `native/layout.h` holds the same numbers.
 *
 * Received packets: one row of `RX_STRIDE` 32-bit words each in `Datapath.rx`, its bytes decrypted in an arena slot.
 * Packets to send: one row of `TX_STRIDE` words in `Datapath.tx`, plus up to `TX_PREFIX_BYTES` bytes in `Datapath.txPrefix`.
 */

/** Bytes of one arena slot; a datagram longer than this is dropped and counted. */
export const SLOT_BYTES = 2048;

export const RX_STRIDE = 12;
/** One of the `KIND_` values. */
export const RX_KIND = 0;
/** Arena packet number, counting up modulo 2^32; its slot is `number & (slots - 1)`. */
export const RX_PACKET = 1;
/** Bytes in the slot. */
export const RX_LENGTH = 2;
/** Peer handle, or `NO_PEER` (STUN from an address that is nobody's yet). */
export const RX_PEER = 3;
/** RTP: the SSRC. RTCP: the sender SSRC of the first packet. */
export const RX_SSRC = 4;
/** RTP sequence number, 16 bits. */
export const RX_SEQUENCE = 5;
/** RTP timestamp. */
export const RX_TIMESTAMP = 6;
/** Bytes of the RTP header with its CSRCs and extension block. */
export const RX_HEADER_LENGTH = 7;
/** Bytes of RTP payload without RTP padding. */
export const RX_PAYLOAD_LENGTH = 8;
/** Second byte of the RTP header: marker bit 0x80, payload type 0x7f. */
export const RX_MARKER_TYPE = 9;
/** Arrival, microseconds of `Datapath.nowUs()` modulo 2^32 (the kernel's receive stamp where there is one). */
export const RX_ARRIVAL_US = 10;
/** Socket handle on which it came, or the TCP connection number. */
export const RX_SOCKET = 11;

export const KIND_STUN = 1;
export const KIND_RTP = 2;
export const KIND_RTCP = 3;
/** Application data of the peer's DTLS, one record: SCTP, in WebRTC. Fields of RTP are zero. */
export const KIND_DATA = 4;

export const NO_PEER = 0xffffffff;

/**
 * A path is where a datagram came from and on which of our addresses: `PATH_BYTES` bytes, opaque to most callers.
 * For KIND_STUN row `i` it stands in `Datapath.rxPaths` at `i * PATH_BYTES`.
 * [0] family: 4, 6, or 1 for a TCP connection; [1] zero; [2..3] remote port, big-endian;
 * [4..19] remote address (IPv4 in the first four); [20..35] local address (zero when unknown); [36..39] socket handle or
 * connection number, little-endian.
 */
export const PATH_BYTES = 40;
export const PATH_FAMILY = 0;
export const PATH_REMOTE_PORT = 2;
export const PATH_REMOTE_ADDRESS = 4;
export const PATH_LOCAL_ADDRESS = 20;
export const PATH_SOCKET = 36;
export const FAMILY_TCP = 1;

export const TX_STRIDE = 8;
/** Handle from `addStream`: which peer, which SSRC. The SSRC in the prefix must be the stream's. */
export const TX_STREAM = 0;
/** Bytes used in this row's prefix: the whole RTP header, then (optionally) the first bytes of the payload. */
export const TX_PREFIX_LENGTH = 1;
/** Arena packet number to copy payload from; refused when the ring has come round (counted as `txStale`). */
export const TX_PACKET = 2;
/** First payload byte to copy, counted from the slot's start. */
export const TX_PAYLOAD_OFFSET = 3;
/** Payload bytes to copy; 0: the packet is its prefix alone. */
export const TX_PAYLOAD_LENGTH = 4;
/** RTP padding to append, 0..255 bytes, the last one being the count; the caller sets the P bit. */
export const TX_PADDING = 5;
/** `TX_REPEAT` and `TX_MADE`, or 0. */
export const TX_FLAGS = 6;

/** Bytes kept for each row's prefix. */
export const TX_PREFIX_BYTES = 384;

/** Bytes of `Datapath.made`. */
export const MADE_BYTES = 65_536;

/**
 * The packet's index was sent before, with the same payload (retransmission without RTX). Obeyed for AES-CM, refused for
 * AEAD, where the same nonce over another header would give the key away (RFC 7714 section 8.4).
 */
export const TX_REPEAT = 1;
/** The payload was made by JavaScript: it stands at `TX_PAYLOAD_OFFSET` in `Datapath.made`, and `TX_PACKET` means nothing. */
export const TX_MADE = 2;
