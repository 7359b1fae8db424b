/** Beyond these, the oldest is forgotten. */
const MAX = 8;

/** Addresses at which the same is to be watched, in the order in which to ask them. */
export class Endpoints {
  #known: string[] = [];
  #failed: string | null = null;

  constructor(private readonly first: string) {}

  /** Without their queries: what is in those is good once. Of those that are known already, nothing changes. */
  add(urls: readonly string[]): void {
    const plain = urls.map((url) => url.replace(/[?#].*$/, ''));
    const more = plain.filter((url) => url !== this.first.replace(/[?#].*$/, '') && !this.#known.includes(url));
    this.#known = [...this.#known, ...more].slice(-MAX);
  }

  /** What was there doesn't carry any more: it is asked last. */
  failed(url: string): void {
    this.#failed = origin(url);
  }

  inOrder(): string[] {
    const all = [this.first, ...this.#known];
    const last = all.filter((url) => origin(url) === this.#failed);
    return [...all.filter((url) => origin(url) !== this.#failed), ...last];
  }
}

/** The text itself for one that is relative to the page. */
function origin(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return url;
  }
}
