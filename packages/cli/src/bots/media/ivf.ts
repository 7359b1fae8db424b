/** Reads IVF, the plainest container there is: a 32-byte header, then frames with a length and a time stamp. */
import { MediaFileError } from './errors.js';

export interface IvfClip {
  /** Four characters, such as `VP80`. */
  codec: string;
  width: number;
  height: number;
  framesPerSecond: number;
  frames: Uint8Array[];
}

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 12;

/** Throws `MediaFileError` when it is no IVF file or is cut off. */
export function readIvf(file: Uint8Array): IvfClip {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < HEADER_BYTES || ascii(file, 0) !== 'DKIF') throw new MediaFileError('not an IVF file');
  const rate = view.getUint32(16, true);
  const scale = view.getUint32(20, true);
  if (rate === 0 || scale === 0) throw new MediaFileError('the IVF header has no frame rate');

  const frames: Uint8Array[] = [];
  let at = view.getUint16(6, true);
  while (at < file.length) {
    if (at + FRAME_HEADER_BYTES > file.length) throw new MediaFileError('the IVF file ends within a frame header');
    const size = view.getUint32(at, true);
    at += FRAME_HEADER_BYTES;
    if (at + size > file.length) throw new MediaFileError('the IVF file ends within a frame');
    frames.push(file.subarray(at, at + size));
    at += size;
  }
  if (frames.length === 0) throw new MediaFileError('the IVF file has no frames');
  return {
    codec: ascii(file, 8),
    width: view.getUint16(12, true),
    height: view.getUint16(14, true),
    framesPerSecond: rate / scale,
    frames,
  };
}

function ascii(file: Uint8Array, at: number): string {
  return String.fromCharCode(...file.subarray(at, at + 4));
}
