/**
 * The RTP packets of one loop turn, field by field in typed arrays, chained per encoding. Hot path: nothing is allocated
 * after construction. A packet is named by its index here until `clear()`.
 */

/** Header extensions that are carried over from the source's packet to the subscriber's, in this order. */
export const CARRIED_EXTENSIONS = [
  'audioLevel',
  'absCaptureTime',
  'videoOrientation',
  'playoutDelay',
  'dependencyDescriptor',
] as const;
export const CARRIED = CARRIED_EXTENSIONS.length;
export const DEPENDENCIES = CARRIED_EXTENSIONS.indexOf('dependencyDescriptor');

/** Layers that are told apart; what lies above counts as the highest. */
export const MAX_LAYERS = 4;
/** The frame's first packet, its last one. */
export const LAYER_START = 1;
export const LAYER_END = 2;
/** A receiver that left this temporal layer out may take it up here. */
export const LAYER_SWITCH_UP = 4;
/** Only receivers whose highest spatial layer it is need it. */
export const LAYER_NOT_BELOW = 8;
/** A spatial layer that builds on no earlier picture: a receiver may go up to it here. */
export const LAYER_INTRA = 16;

export class SourceBatch {
  /** Arena packet number. */
  readonly packet: Uint32Array;
  readonly sequence: Uint16Array;
  readonly timestamp: Uint32Array;
  /** From the start of the slot. */
  readonly payloadOffset: Uint16Array;
  /** Without RTP padding. */
  readonly payloadLength: Uint16Array;
  /** 0x80 or 0. */
  readonly marker: Uint8Array;
  /** 1: a decoder can start with this packet (audio: always). */
  readonly keyFrame: Uint8Array;
  /** RTP padding that makes the packet as long as the next of its frame, so that both go out in one GSO run. */
  readonly padding: Uint8Array;
  /** VP8 payload descriptor, bytes; 0 for everything else. */
  readonly descriptorLength: Uint8Array;
  /** Layers of the packet's frame, from 0; 0 where the codec or the sender tells none. */
  readonly spatial: Uint8Array;
  readonly temporal: Uint8Array;
  /** `LAYER_...` bits. */
  readonly layerFlags: Uint8Array;
  /** Bit k set: carried extension k is there, at `extensionOffset[i * CARRIED + k]` in the slot. */
  readonly extensionMask: Uint8Array;
  readonly extensionOffset: Uint16Array;
  readonly extensionLength: Uint8Array;
  /** Next packet of the same encoding, or -1. */
  readonly next: Int32Array;
  count = 0;

  constructor(readonly capacity: number) {
    this.packet = new Uint32Array(capacity);
    this.sequence = new Uint16Array(capacity);
    this.timestamp = new Uint32Array(capacity);
    this.payloadOffset = new Uint16Array(capacity);
    this.payloadLength = new Uint16Array(capacity);
    this.marker = new Uint8Array(capacity);
    this.keyFrame = new Uint8Array(capacity);
    this.padding = new Uint8Array(capacity);
    this.descriptorLength = new Uint8Array(capacity);
    this.spatial = new Uint8Array(capacity);
    this.temporal = new Uint8Array(capacity);
    this.layerFlags = new Uint8Array(capacity);
    this.extensionMask = new Uint8Array(capacity);
    this.extensionOffset = new Uint16Array(capacity * CARRIED);
    this.extensionLength = new Uint8Array(capacity * CARRIED);
    this.next = new Int32Array(capacity);
  }

  /** A zeroed entry's index, or -1 when full. */
  add(): number {
    if (this.count === this.capacity) return -1;
    const i = this.count++;
    this.padding[i] = 0;
    this.keyFrame[i] = 0;
    this.descriptorLength[i] = 0;
    this.spatial[i] = 0;
    this.temporal[i] = 0;
    this.layerFlags[i] = 0;
    this.extensionMask[i] = 0;
    this.next[i] = -1;
    return i;
  }

  clear(): void {
    this.count = 0;
  }
}

/** Encoders cut a frame into packets that differ by a few bytes; up to this many are padded away. */
export const MAX_RUN_PADDING = 16;

/**
 * Pads the packets of each frame in the chain to one length, where they differ by no more than `MAX_RUN_PADDING`. The last of
 * a run may be shorter as it is (UDP GSO allows that).
 */
export function padRuns(batch: SourceBatch, head: number): void {
  const { next, timestamp, payloadLength, padding } = batch;
  let first = head;
  while (first >= 0) {
    let shortest = payloadLength[first];
    let longest = shortest;
    let last = first;
    for (let i = next[first]; i >= 0 && timestamp[i] === timestamp[first]; i = next[i]) {
      const length = payloadLength[i];
      const after = next[i];
      const ends = after < 0 || timestamp[after] !== timestamp[first];
      // The run's last packet may be shorter at no cost.
      const low = ends && length < shortest ? shortest : Math.min(shortest, length);
      const high = Math.max(longest, length);
      if (high - low > MAX_RUN_PADDING) break;
      shortest = low;
      longest = high;
      last = i;
    }
    for (let i = first; i !== last; i = next[i]) padding[i] = longest - payloadLength[i];
    first = next[last];
  }
}
