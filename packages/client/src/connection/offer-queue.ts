/**
 * One offer in flight. Whoever asks while one is on its way shares the next one, however many ask.
 */
export class OfferQueue {
  private running = false;
  private waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  /** `exchange`: makes an offer, sends it, applies the answer. */
  constructor(private readonly exchange: () => Promise<void>) {}

  /** Resolves when an offer that was made after this call is answered; rejects if that exchange failed. */
  request(): Promise<void> {
    const promise = new Promise<void>((resolve, reject) => {
      this.waiting.push({ resolve, reject });
    });
    if (!this.running) void this.run();
    return promise;
  }

  private async run(): Promise<void> {
    this.running = true;
    // Calls made in the same turn go into one offer.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const served = this.waiting;
      this.waiting = [];
      try {
        await this.exchange();
        for (const { resolve } of served) resolve();
      } catch (error) {
        for (const { reject } of served) reject(error);
      }
    }
    this.running = false;
  }
}
