/** Takes the Opus packets out of an Ogg file (RFC 3533, RFC 7845) of one logical stream. Checksums are not verified. */
import { MediaFileError } from './errors.js';

export interface OpusClip {
  channels: number;
  /** 48 kHz samples at the start which a decoder would drop. */
  preSkip: number;
  packets: Uint8Array[];
}

const PAGE_HEADER_BYTES = 27;

/** Throws `MediaFileError` when it is not Ogg with Opus in it, or is cut off. */
export function readOggOpus(file: Uint8Array): OpusClip {
  const [head, tags, ...packets] = oggPackets(file);
  if (!head || head.length < 19 || ascii(head, 0, 8) !== 'OpusHead')
    throw new MediaFileError('no Opus in the Ogg file');
  if (!tags || ascii(tags, 0, 8) !== 'OpusTags') throw new MediaFileError('the Ogg file lacks its OpusTags');
  if (packets.length === 0) throw new MediaFileError('the Ogg file has no audio');
  return { channels: head[9], preSkip: head[10] | (head[11] << 8), packets };
}

/** Packets from the lacing of pages: a segment of 255 bytes is continued by the next one, on the next page if need be. */
function oggPackets(file: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  let at = 0;
  while (at < file.length) {
    if (ascii(file, at, 4) !== 'OggS' || at + PAGE_HEADER_BYTES > file.length)
      throw new MediaFileError('not an Ogg page');
    const segments = file[at + 26];
    const lacing = file.subarray(at + PAGE_HEADER_BYTES, at + PAGE_HEADER_BYTES + segments);
    at += PAGE_HEADER_BYTES + segments;
    for (const size of lacing) {
      if (at + size > file.length) throw new MediaFileError('the Ogg file ends within a page');
      parts.push(file.subarray(at, at + size));
      at += size;
      if (size < 255) {
        packets.push(parts.length === 1 ? parts[0] : joined(parts));
        parts = [];
      }
    }
  }
  return packets;
}

function joined(parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
