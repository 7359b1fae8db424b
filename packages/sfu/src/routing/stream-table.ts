/**
 * Hot state of all virtual streams, one typed array a field, indexed by the stream's number: what the fan-out loop touches for
 * each packet lies close together and stays in the cache from 10 to 2,000 receivers.
 */
import { CARRIED } from './source-batch.js';

/** Words of the header template kept for each stream: RTP header, CSRC, extension block with transport-cc and mid. */
export const TEMPLATE_WORDS = 12;

export const NO_ENCODING = -1;

export class StreamTable {
  capacity = 0;
  /** Datapath stream handle. */
  handle = new Uint32Array(0);
  /** Number of the encoding that is being forwarded, or NO_ENCODING. */
  current = new Int32Array(0);
  /** Number of the encoding that takes over at its next key frame, or NO_ENCODING. */
  pending = new Int32Array(0);
  /** 1: reordered packets from before the switch may still come and must be kept out. */
  fresh = new Uint8Array(0);
  /** 1: the stream leaves layers out, by its filter. */
  filtered = new Uint8Array(0);
  /** 1: repair packets or repeated frames go with the stream's packets. */
  protected = new Uint8Array(0);
  /** Payload type inside of RED, 0: no RED. */
  red = new Uint8Array(0);
  /** First source sequence number since the switch. */
  startSequence = new Uint16Array(0);
  /** Outgoing minus source, modulo 2^16 / 2^32 / 2^15 / 2^8. */
  sequenceOffset = new Uint16Array(0);
  timestampOffset = new Uint32Array(0);
  pictureIdOffset = new Uint16Array(0);
  tl0Offset = new Uint8Array(0);
  /** Of the dependency descriptor, modulo 2^16. */
  frameOffset = new Uint16Array(0);
  /** Number of the transport, for its transport-wide sequence. */
  transport = new Uint32Array(0);
  /** Bit position of the transport-wide number in template word 5, or 0 when it isn't negotiated. */
  transportCcShift = new Uint8Array(0);
  templateLength = new Uint8Array(0);
  template = new Uint32Array(0);
  /** The receiver's ids of the carried extensions, 0 where not negotiated. */
  carriedIds = new Uint8Array(0);
  packets = new Uint32Array(0);
  octets = new Float64Array(0);
  private free: number[] = [];
  private used = 0;

  constructor(initial = 64) {
    this.grow(initial);
  }

  allocate(): number {
    const index = this.free.pop() ?? this.used++;
    if (index >= this.capacity) this.grow(this.capacity * 2);
    this.current[index] = NO_ENCODING;
    this.pending[index] = NO_ENCODING;
    this.fresh[index] = 0;
    this.filtered[index] = 0;
    this.protected[index] = 0;
    this.red[index] = 0;
    this.sequenceOffset[index] = 0;
    this.timestampOffset[index] = 0;
    this.pictureIdOffset[index] = 0;
    this.tl0Offset[index] = 0;
    this.frameOffset[index] = 0;
    this.packets[index] = 0;
    this.octets[index] = 0;
    return index;
  }

  release(index: number): void {
    this.current[index] = NO_ENCODING;
    this.pending[index] = NO_ENCODING;
    this.free.push(index);
  }

  private grow(capacity: number): void {
    const keep = <T extends Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array>(
      old: T,
      made: new (length: number) => T,
      stride = 1,
    ): T => {
      const array = new made(capacity * stride);
      array.set(old);
      return array;
    };
    this.handle = keep(this.handle, Uint32Array);
    this.current = keep(this.current, Int32Array);
    this.pending = keep(this.pending, Int32Array);
    this.fresh = keep(this.fresh, Uint8Array);
    this.filtered = keep(this.filtered, Uint8Array);
    this.protected = keep(this.protected, Uint8Array);
    this.red = keep(this.red, Uint8Array);
    this.startSequence = keep(this.startSequence, Uint16Array);
    this.sequenceOffset = keep(this.sequenceOffset, Uint16Array);
    this.timestampOffset = keep(this.timestampOffset, Uint32Array);
    this.pictureIdOffset = keep(this.pictureIdOffset, Uint16Array);
    this.tl0Offset = keep(this.tl0Offset, Uint8Array);
    this.frameOffset = keep(this.frameOffset, Uint16Array);
    this.transport = keep(this.transport, Uint32Array);
    this.transportCcShift = keep(this.transportCcShift, Uint8Array);
    this.templateLength = keep(this.templateLength, Uint8Array);
    this.template = keep(this.template, Uint32Array, TEMPLATE_WORDS);
    this.carriedIds = keep(this.carriedIds, Uint8Array, CARRIED);
    this.packets = keep(this.packets, Uint32Array);
    this.octets = keep(this.octets, Float64Array);
    this.capacity = capacity;
  }
}
