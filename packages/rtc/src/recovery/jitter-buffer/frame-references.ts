/**
 * Whether a picture can be decoded after those that were: by its own numbers where the codec has them (VP8 and VP9 picture ids,
 * frame numbers of the dependency descriptor), else only if nothing is missing before it.
 */

/** What a picture says of itself; -1 stands for a field that isn't there. */
export interface PictureNumbers {
  keyFrame: boolean;
  /** Wrapping at `bits`: 7, 15 (picture ids) or 16 (frame numbers). Of the last frame when there are several. */
  id: number;
  idBits: number;
  /** Frames with ids of their own in this picture: spatial layers of AV1; the others' ids come right before `id`. */
  frames: number;
  /** How far before `id` each reference is, those inside of the picture left out; null when they aren't named. */
  diffs: readonly number[] | null;
  tid: number;
  tl0PicIdx: number;
  /** It refers to nothing above the base layer (VP8's Y, VP9's U). */
  sync: boolean;
}

/** Ids remembered; no codec refers further back. */
const MEMORY = 256;

export class FrameReferences {
  private readonly decoded = new Float64Array(MEMORY).fill(-1);
  private newest = -1;
  private baseTl0 = -1;
  private started = false;
  /** Something was left out since the key frame; then pictures up to temporal layer `upTo` are fine, others need a sync. */
  private hole = false;
  private upTo = 0;

  /** `contiguous`: no packet is missing between the picture decoded last and this one. */
  isDecodable(picture: PictureNumbers, contiguous: boolean): boolean {
    const { tid, tl0PicIdx, diffs, sync } = picture;
    if (picture.keyFrame) return true;
    if (!this.started) return false;
    const follows = this.follows(picture, contiguous);
    if (follows && !this.hole) return true;
    if (diffs !== null) return diffs.every((diff) => this.has(this.unwrap(picture) - diff));
    if (tid < 0 || tl0PicIdx < 0 || this.baseTl0 < 0) return false;
    if (tid === 0) return tl0PicIdx === ((this.baseTl0 + 1) & 0xff);
    return tl0PicIdx === this.baseTl0 && (sync || (follows && tid <= this.upTo));
  }

  decode(picture: PictureNumbers, contiguous: boolean): void {
    if (picture.keyFrame) {
      this.decoded.fill(-1);
      this.newest = -1;
      this.started = true;
      this.hole = false;
    } else if (!this.follows(picture, contiguous)) {
      this.hole = true;
      this.upTo = 0;
    }
    if (picture.sync) this.upTo = Math.max(this.upTo, picture.tid);
    if (picture.tl0PicIdx >= 0 && picture.tid <= 0) this.baseTl0 = picture.tl0PicIdx;
    if (picture.id < 0) return;
    const id = this.unwrap(picture);
    for (let own = id - picture.frames + 1; own <= id; own++) this.decoded[own & (MEMORY - 1)] = own;
    if (id > this.newest) this.newest = id;
  }

  private follows(picture: PictureNumbers, contiguous: boolean): boolean {
    return contiguous || (picture.id >= 0 && this.has(this.unwrap(picture) - picture.frames));
  }

  private has(id: number): boolean {
    return id >= 0 && this.decoded[id & (MEMORY - 1)] === id;
  }

  /** Never wraps: the nearest to the newest. */
  private unwrap({ id, idBits }: PictureNumbers): number {
    if (this.newest < 0) return id + 0x10000;
    const shift = 32 - idBits;
    return this.newest + (((id - this.newest) << shift) >> shift);
  }
}
