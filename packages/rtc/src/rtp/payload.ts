import { isAv1KeyFrame } from './av1.js';
import { isH264KeyFrame } from './h264.js';
import { isVp8KeyFrame } from './vp8.js';
import { isVp9KeyFrame } from './vp9.js';

/**
 * Whether a decoder can start with this RTP payload. `codecName` as in `CodecParameters.name`. Every audio packet is a start;
 * a video codec we don't know never is.
 */
export function isKeyFrameStart(codecName: string, bytes: Uint8Array, offset: number, length: number): boolean {
  switch (codecName) {
    case 'vp8':
      return isVp8KeyFrame(bytes, offset, length);
    case 'vp9':
      return isVp9KeyFrame(bytes, offset, length);
    case 'h264':
      return isH264KeyFrame(bytes, offset, length);
    case 'av1':
      return isAv1KeyFrame(bytes, offset, length);
    case 'opus':
      return true;
    default:
      return false;
  }
}
