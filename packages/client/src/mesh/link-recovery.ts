/** All in ms. */
export const LINK_TIMES = {
  /** Who waits for the other's first offer offers after this. */
  firstOffer: 2_500,
  /** Classic clients ask for their devices first. */
  firstClassicOffer: 15_000,
  /** An attempt that hasn't connected by then is followed by another. */
  attempt: 6_000,
  /** An offer that isn't answered by then is made again. */
  answer: 4_000,
  /** What couldn't be delivered is said again after this. */
  redelivery: 1_500,
  /** `disconnected` mends itself within this, most of the time. */
  disconnectedGrace: 1_500,
  /** How much later the polite end acts, so that the two don't act at once. */
  courtesy: 1_500,
  longestWait: 15_000,
} as const;

/** Restarts of one connection before it is given up for a new one. */
const RESTARTS = 2;

/** `offer`: the other end hasn't. `restart`: offer with new ICE credentials. `rebuild`: a new RTCPeerConnection. */
export type LinkAction = 'offer' | 'restart' | 'rebuild';

export interface LinkRole {
  /** Of two ends, the impolite one acts first. */
  polite: boolean;
  /** We make the first offer. */
  initiator: boolean;
  /** Takes no second connection from us. */
  classic: boolean;
}

/** Decides when a mesh connection is to be mended, and how. Pure; times in ms on one clock. */
export class LinkRecovery {
  private up = false;
  private begun: boolean;
  private restarts = 0;
  private attempts = 0;
  private at: number;
  private answerBy = Number.POSITIVE_INFINITY;

  constructor(
    private readonly role: LinkRole,
    now: number,
  ) {
    this.begun = role.initiator;
    const patience = role.classic ? LINK_TIMES.firstClassicOffer : LINK_TIMES.firstOffer;
    this.at = now + (role.initiator ? LINK_TIMES.attempt : patience);
  }

  get nextAt(): number {
    return Math.min(this.at, this.answerBy);
  }

  /** The other end has said something: it is there. */
  heard(now: number): void {
    if (this.begun) return;
    this.begun = true;
    this.at = now + LINK_TIMES.attempt + this.courtesy;
  }

  offered(now: number): void {
    this.answerBy = now + LINK_TIMES.answer;
  }

  answered(): void {
    this.answerBy = Number.POSITIVE_INFINITY;
  }

  /** A description of ours didn't reach the other end. */
  undelivered(now: number): void {
    this.answerBy = Math.min(this.answerBy, now + LINK_TIMES.redelivery);
  }

  state(state: RTCPeerConnectionState, now: number): void {
    if (state === 'connected') {
      this.up = true;
      this.begun = true;
      this.restarts = 0;
      this.attempts = 0;
      this.at = Number.POSITIVE_INFINITY;
    } else if (state === 'disconnected' && this.up) {
      this.up = false;
      this.at = now + LINK_TIMES.disconnectedGrace + this.courtesy;
    } else if (state === 'failed') {
      this.up = false;
      this.at = Math.min(this.at, now + this.courtesy + (this.attempts > 0 ? LINK_TIMES.redelivery : 0));
    }
  }

  /** The server is there again after it was not: what is broken may be mended now. */
  wake(now: number): void {
    if (!this.up) this.at = Math.min(this.at, now + this.courtesy / 3);
    if (this.answerBy !== Number.POSITIVE_INFINITY) this.answerBy = now;
  }

  /** What to do now, if anything. Each action is given once. */
  take(now: number): LinkAction | null {
    if (now < this.nextAt) return null;
    this.answerBy = Number.POSITIVE_INFINITY;
    this.attempts++;
    this.at = this.up ? Number.POSITIVE_INFINITY : now + this.wait;
    if (!this.begun) {
      this.begun = true;
      return 'offer';
    }
    if (this.up || this.restarts < RESTARTS || this.role.classic) {
      this.restarts++;
      return 'restart';
    }
    this.restarts = 0;
    return 'rebuild';
  }

  private get wait(): number {
    const grown = LINK_TIMES.attempt * 1.5 ** Math.max(0, this.attempts - 2);
    return Math.min(LINK_TIMES.longestWait, grown) + this.courtesy;
  }

  private get courtesy(): number {
    return this.role.polite ? LINK_TIMES.courtesy : 0;
  }
}
