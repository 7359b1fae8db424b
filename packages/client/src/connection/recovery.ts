import type { RoomState } from '../events.js';
import { Backoff } from './backoff.js';

/** `RTCPeerConnection.connectionState`, as far as it matters. */
export type TransportState = 'connecting' | 'connected' | 'disconnected' | 'failed';

/**
 * `open-signalling`: open the socket, anew if there is one. `restart-ice`: offer with new ICE credentials on the same
 * PeerConnection. `renew-transport`: a new PeerConnection. `report-blocked`: tell the person; attempts go on.
 */
export type RecoveryAction = 'open-signalling' | 'restart-ice' | 'renew-transport' | 'report-blocked';

/** All in ms. */
export const RECOVERY_TIMES = {
  /** ICE says `disconnected` also for a moment's loss: so long it may mend itself. */
  disconnectedGrace: 3_000,
  /** A restart that hasn't connected by then gives way to a new transport. */
  restart: 5_000,
  /** A new transport that hasn't connected by then gives way to another. */
  joining: 12_000,
  /** Signalling works but media has not for this long: say so. */
  blocked: 15_000,
} as const;

/**
 * Decides what to mend, and when; does nothing itself. Events go in by the methods, `take(now)` gives what to do now,
 * `nextAt` when to ask again (ms on the same clock).
 *
 * Invariants: no transport action while signalling is down (offers need it); one transport action at a time.
 */
export class Recovery {
  private signalling: 'down' | 'opening' | 'up' = 'down';
  private media: 'none' | 'joining' | 'up' | 'shaky' | 'restarting' = 'none';
  private openAt = Number.POSITIVE_INFINITY;
  private transportAt = Number.POSITIVE_INFINITY;
  private transportAction: 'restart-ice' | 'renew-transport' = 'renew-transport';
  private mediaDownSince: number | null = null;
  private blockedReported = false;
  /** The path may be dead though nobody has noticed yet: the network changed. */
  private suspect = false;
  private wasConnected = false;
  private started = false;
  private closed = false;
  private readonly opening: Backoff;
  private readonly renewing: Backoff;

  constructor(random?: () => number) {
    this.opening = new Backoff(300, 8_000, random, 1_000);
    this.renewing = new Backoff(300, 8_000, random);
  }

  get state(): RoomState {
    if (this.closed) return 'closed';
    if (!this.started) return 'idle';
    if (this.signalling === 'up' && (this.media === 'up' || this.media === 'shaky')) return 'connected';
    return this.wasConnected ? 'reconnecting' : 'connecting';
  }

  get nextAt(): number {
    if (this.closed) return Number.POSITIVE_INFINITY;
    const open = this.signalling === 'down' ? this.openAt : Number.POSITIVE_INFINITY;
    const transport = this.signalling === 'up' ? this.transportAt : Number.POSITIVE_INFINITY;
    return Math.min(open, transport, this.blockedAt);
  }

  start(now: number): void {
    this.started = true;
    this.openAt = now;
  }

  close(): void {
    this.closed = true;
  }

  /** We are in the room. `kept`: the server still has the transport that we have. */
  signallingUp(now: number, kept: boolean): void {
    this.signalling = 'up';
    this.opening.reset();
    if (this.media !== 'up' && this.media !== 'shaky') this.mediaDownSince = now;
    if (!kept || this.media === 'none') {
      if (this.media === 'up' || this.media === 'shaky') this.mediaDownSince = now;
      this.plan('renew-transport', now);
    } else if (this.media !== 'up' || this.suspect) {
      this.plan('restart-ice', now);
    }
    this.suspect = false;
    this.wasConnected ||= this.media === 'up';
  }

  signallingLost(now: number): void {
    this.signalling = 'down';
    this.openAt = now + this.opening.next();
    if (this.media === 'none') this.mediaDownSince = null;
  }

  /** State of the transport we have. */
  transport(state: TransportState, now: number): void {
    if (state === 'connected') {
      this.media = 'up';
      this.wasConnected ||= this.signalling === 'up';
      this.mediaDownSince = null;
      this.blockedReported = false;
      this.transportAt = Number.POSITIVE_INFINITY;
      this.renewing.reset();
    } else if (state === 'disconnected' && this.media === 'up') {
      this.media = 'shaky';
      this.plan('restart-ice', now + RECOVERY_TIMES.disconnectedGrace);
    } else if (state === 'failed') {
      this.mediaDownSince ??= now;
      if (this.media === 'up' || this.media === 'shaky') {
        this.media = 'shaky';
        this.plan('restart-ice', now);
      } else if (this.media === 'restarting') this.plan('renew-transport', now);
      else this.plan('renew-transport', now + this.renewing.next());
    }
  }

  /** The server's side of the transport is gone. */
  transportGone(now: number): void {
    this.media = 'joining';
    this.mediaDownSince ??= now;
    this.plan('renew-transport', now);
  }

  /** An offer wasn't answered, or its answer can't be used. */
  offerFailed(now: number): void {
    this.mediaDownSince ??= this.media === 'up' || this.media === 'shaky' ? null : now;
    this.plan('renew-transport', now + this.renewing.next());
  }

  /** The browser lost the network, or says so. */
  offline(): void {
    this.suspect = true;
  }

  /** Somebody is looking: what waits to be tried again is tried now. */
  woken(now: number): void {
    if (this.signalling === 'down') this.openAt = Math.min(this.openAt, now);
    if (this.media === 'shaky' && this.signalling === 'up') this.plan('restart-ice', now);
  }

  /** The network is back, perhaps another one: the socket may look alive and be dead. */
  online(now: number): void {
    this.suspect = true;
    this.signalling = 'down';
    this.openAt = now;
    this.opening.reset();
  }

  /** What to do now. Each action is given once. */
  take(now: number): RecoveryAction[] {
    const actions: RecoveryAction[] = [];
    if (this.closed) return actions;
    if (this.signalling === 'down' && now >= this.openAt) {
      this.signalling = 'opening';
      actions.push('open-signalling');
    }
    if (this.signalling === 'up' && now >= this.transportAt) {
      const action = this.transportAction;
      actions.push(action);
      if (action === 'restart-ice') {
        if (this.media !== 'up') this.media = 'restarting';
        this.mediaDownSince ??= this.media === 'up' ? null : now;
        // Where media still flows, the restart has no outcome of its own to wait for.
        if (this.media === 'up') this.transportAt = Number.POSITIVE_INFINITY;
        else this.plan('renew-transport', now + RECOVERY_TIMES.restart);
      } else {
        this.media = 'joining';
        this.mediaDownSince ??= now;
        this.plan('renew-transport', now + RECOVERY_TIMES.joining);
      }
    }
    if (now >= this.blockedAt) {
      this.blockedReported = true;
      actions.push('report-blocked');
    }
    return actions;
  }

  private get blockedAt(): number {
    if (this.signalling !== 'up' || this.blockedReported || this.mediaDownSince === null) {
      return Number.POSITIVE_INFINITY;
    }
    return this.mediaDownSince + RECOVERY_TIMES.blocked;
  }

  private plan(action: 'restart-ice' | 'renew-transport', at: number): void {
    this.transportAction = action;
    this.transportAt = at;
  }
}
