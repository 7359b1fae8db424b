/** Waiting for conditions: always with a deadline, never by sleeping for a guess. */

export interface UntilOptions {
  /** Deadline, ms. */
  within: number;
  /** What is awaited, for the error: "Ann sees Bob". */
  what: string;
  /** Pause between looks, ms. */
  every?: number;
}

/**
 * Asks again and again until the answer is truthy, and returns it. A thrown error counts as "not yet"; the last one is told
 * when the deadline passes, as is the last answer of `state`.
 */
export async function until<T>(
  ask: () => Promise<T> | T,
  { within, what, every = 100 }: UntilOptions,
  state?: () => Promise<unknown> | unknown,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + within;
  let lastError: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer) return answer;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadline) break;
    await new Promise((resolve) => setTimeout(resolve, every));
  }
  const seen = state ? `\nlast seen: ${JSON.stringify(await state())}` : '';
  const because = lastError
    ? `\nlast error: ${lastError instanceof Error ? lastError.message : String(lastError)}`
    : '';
  throw new Error(`not within ${within} ms: ${what}${because}${seen}`);
}
