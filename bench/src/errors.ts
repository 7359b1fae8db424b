/** A benchmark that can't be run as asked, or whose run broke; `message` says why. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}
