/** What the packets of one picture say of it, codec by codec. */

import { isAv1KeyFrame } from '../../rtp/av1.js';
import type { FrameDependencies } from '../../rtp/frame-dependencies.js';
import { isH264KeyFrame } from '../../rtp/h264.js';
import { parseVp8Descriptor, Vp8Descriptor } from '../../rtp/vp8.js';
import { parseVp9Descriptor, Vp9Descriptor } from '../../rtp/vp9.js';
import type { PictureNumbers } from './frame-references.js';

export type VideoCodecName = 'vp8' | 'vp9' | 'h264' | 'av1';

/** Numbers of a frame from its dependency descriptor, as far as they matter here. */
export interface FrameNumbers {
  frameNumber: number;
  diffs: readonly number[];
  /** The packet begins a picture: the frame of its lowest spatial layer. */
  begins: boolean;
}

/** A copy of what `FrameDependencies` says of references. */
export function frameNumbers(from: FrameDependencies): FrameNumbers {
  return {
    frameNumber: from.frameNumber,
    diffs: [...from.frameDiffs.subarray(0, from.frameDiffCount)],
    begins: from.startOfFrame && from.spatialId === 0,
  };
}

const vp8 = new Vp8Descriptor();
const vp9 = new Vp9Descriptor();

/** Whether a picture begins with this payload, as far as that shows in it alone. */
export function beginsPicture(codec: VideoCodecName, payload: Uint8Array): boolean {
  switch (codec) {
    case 'vp8':
      return parseVp8Descriptor(payload, 0, payload.length, vp8) && vp8.startOfPartition && vp8.partitionIndex === 0;
    case 'vp9':
      return parseVp9Descriptor(payload, 0, payload.length, vp9) && vp9.startOfFrame && vp9.sid <= 0;
    case 'h264':
      // An IDR slice without its parameter sets may be the second packet.
      return isH264KeyFrame(payload, 0, payload.length) && (payload[0] & 0x1f) !== 5 && (payload[0] & 0x1f) !== 28;
    case 'av1':
      return isAv1KeyFrame(payload, 0, payload.length);
  }
}

/** Null when the payload can't be read. `frames`: of the whole picture, if the dependency descriptor told. */
export function pictureNumbers(
  codec: VideoCodecName,
  payloads: readonly Uint8Array[],
  frames: readonly FrameNumbers[],
): PictureNumbers | null {
  const none: PictureNumbers = {
    keyFrame: false,
    id: -1,
    idBits: 0,
    frames: 1,
    diffs: null,
    tid: -1,
    tl0PicIdx: -1,
    sync: false,
  };
  const first = payloads[0];
  if (codec === 'vp8') {
    if (!parseVp8Descriptor(first, 0, first.length, vp8)) return null;
    const { keyFrame, pictureId: id, pictureIdBits: idBits, tid, tl0PicIdx, layerSync: sync } = vp8;
    return { ...none, keyFrame, id, idBits, tid, tl0PicIdx, sync };
  }
  if (codec === 'vp9') {
    if (!parseVp9Descriptor(first, 0, first.length, vp9)) return null;
    const { pictureId: id, pictureIdBits: idBits, tid, tl0PicIdx, switchingUp: sync } = vp9;
    const keyFrame = !vp9.interPredicted && vp9.sid <= 0;
    const diffs = vp9.flexible ? [...vp9.references.subarray(0, vp9.referenceCount)] : null;
    return { ...none, keyFrame, id, idBits, diffs, tid, tl0PicIdx, sync };
  }
  const isKeyFrame = codec === 'h264' ? isH264KeyFrame : isAv1KeyFrame;
  const keyFrame = payloads.some((payload) => isKeyFrame(payload, 0, payload.length));
  if (frames.length === 0) return { ...none, keyFrame };
  const last = frames[frames.length - 1].frameNumber;
  const count = ((last - frames[0].frameNumber) & 0xffff) + 1;
  if (count > 8) return { ...none, keyFrame };
  const diffs = frames.flatMap(({ frameNumber, diffs: own }) =>
    own.map((diff) => diff + ((last - frameNumber) & 0xffff)).filter((diff) => diff >= count),
  );
  return { ...none, keyFrame, id: last, idBits: 16, frames: count, diffs };
}
