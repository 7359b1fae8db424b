/** The Data Channel Establishment Protocol (RFC 8832): who opens a channel says how it is called; the other end agrees. */

/** SCTP payload protocol identifiers (RFC 8831 section 8). SCTP has no empty messages: they are one byte with a PPID of their own. */
export const PPID_CONTROL = 50;
export const PPID_TEXT = 51;
export const PPID_BINARY = 53;
export const PPID_EMPTY_TEXT = 56;
export const PPID_EMPTY_BINARY = 57;

export interface ChannelOpen {
  ordered: boolean;
  /** Partial reliability: by count, or by lifetime; neither: reliable. */
  maxRetransmits?: number;
  maxLifetimeMs?: number;
  label: string;
  protocol: string;
}

const ACK = 0x02;
const OPEN = 0x03;
const OPEN_HEADER_BYTES = 12;
const UNORDERED = 0x80;
const BY_COUNT = 0x01;
const BY_LIFETIME = 0x02;
/** Bytes of label and protocol together that are read. */
const MAX_TEXT_BYTES = 512;

const decoder = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

export const ACK_MESSAGE = Uint8Array.of(ACK);

/** Null for what is neither. */
export function parseControl(message: Uint8Array): ChannelOpen | 'ack' | null {
  if (message[0] === ACK) return message.length === 1 ? 'ack' : null;
  if (message[0] !== OPEN || message.length < OPEN_HEADER_BYTES) return null;
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const type = view.getUint8(1);
  const parameter = view.getUint32(4);
  const labelEnd = OPEN_HEADER_BYTES + view.getUint16(8);
  const end = labelEnd + view.getUint16(10);
  if (end !== message.length || end - OPEN_HEADER_BYTES > MAX_TEXT_BYTES || (type & ~UNORDERED) > BY_LIFETIME)
    return null;
  try {
    return {
      ordered: (type & UNORDERED) === 0,
      ...((type & ~UNORDERED) === BY_COUNT && { maxRetransmits: parameter }),
      ...((type & ~UNORDERED) === BY_LIFETIME && { maxLifetimeMs: parameter }),
      label: decoder.decode(message.subarray(OPEN_HEADER_BYTES, labelEnd)),
      protocol: decoder.decode(message.subarray(labelEnd, end)),
    };
  } catch {
    return null; // Not UTF-8.
  }
}

export function openMessage({ ordered, maxRetransmits, maxLifetimeMs, label, protocol }: ChannelOpen): Uint8Array {
  const labelBytes = encoder.encode(label);
  const protocolBytes = encoder.encode(protocol);
  const message = new Uint8Array(OPEN_HEADER_BYTES + labelBytes.length + protocolBytes.length);
  const view = new DataView(message.buffer);
  const reliability = maxRetransmits !== undefined ? BY_COUNT : maxLifetimeMs !== undefined ? BY_LIFETIME : 0;
  view.setUint8(0, OPEN);
  view.setUint8(1, reliability | (ordered ? 0 : UNORDERED));
  view.setUint32(4, maxRetransmits ?? maxLifetimeMs ?? 0);
  view.setUint16(8, labelBytes.length);
  view.setUint16(10, protocolBytes.length);
  message.set(labelBytes, OPEN_HEADER_BYTES);
  message.set(protocolBytes, OPEN_HEADER_BYTES + labelBytes.length);
  return message;
}
