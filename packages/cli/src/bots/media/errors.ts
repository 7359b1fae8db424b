/** A media file which is not what it should be; `message` says what is wrong with it. */
export class MediaFileError extends Error {
  override readonly name = 'MediaFileError';
}
