import { ServerError } from '../errors.js';

/** Does one asynchronous thing after the other, and takes no more than `limit` of them at a time. */
export class Sequence {
  readonly #limit: number;
  #size = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Under way and waiting. */
  get size(): number {
    return this.#size;
  }

  /** Rejects as `work` does, or with `rate-limited` if too many wait. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#size >= this.#limit) throw new ServerError('rate-limited', 'wait for the answers to your last offers', 1);
    this.#size++;
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    try {
      return await result;
    } finally {
      this.#size--;
    }
  }
}
