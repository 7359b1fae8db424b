/** Who was sent to which node, so that they needn't be asked or placed again there. No clock but what is handed in. */
import { randomToken } from '../media/session.js';

const LIFE_MS = 30_000;
const MOST = 20_000;

export interface Bearer {
  role: 'viewer' | 'publisher';
  /** That a token gave them. */
  name?: string;
}

export class Tickets {
  readonly #tickets = new Map<string, { node: string; bearer: Bearer; untilMs: number }>();

  issue(node: string, bearer: Bearer, now: number): string {
    this.#expire(now);
    const ticket = randomToken(18);
    this.#tickets.set(ticket, { node, bearer, untilMs: now + LIFE_MS });
    return ticket;
  }

  /** Good once, at the node that it was made for; null: it isn't. */
  redeem(ticket: string, node: string, now: number): Bearer | null {
    this.#expire(now);
    const found = this.#tickets.get(ticket);
    if (found?.node !== node) return null;
    this.#tickets.delete(ticket);
    return found.bearer;
  }

  /** The oldest come first. */
  #expire(now: number): void {
    for (const [ticket, { untilMs }] of this.#tickets) {
      if (untilMs > now && this.#tickets.size < MOST) return;
      this.#tickets.delete(ticket);
    }
  }
}
