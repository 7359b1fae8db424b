import type { Assigned } from './assignments.js';

/** How often a section is looked at while it is awaited, ms: what a new face may be late by. */
const LOOK_EVERY_MS = 30;
/** A section that follows whoever speaks may change before we are told: it is looked at all the time, ms. */
const WATCH_EVERY_MS = 50;
/** A browser that has told no source of any picture by then doesn't tell them: better late than never, ms. */
const BLIND_AFTER_MS = 1_500;

interface Gate {
  /** CSRC that was told; null: none, or unknown. */
  expected: number | null;
  /** The same source on the transport before. */
  former: number | null;
  /** CSRC of the last picture that was handed to the page; null: there was none yet. */
  delivered: number | null;
  /** Nobody else was ever in this section: there is no picture to be mistaken. */
  pristine: boolean;
  open: boolean;
}

/** What a receiver tells of the pictures it hands over. */
export type FindReceiver = (mid: string) => Pick<RTCRtpReceiver, 'getContributingSources'> | undefined;

/**
 * Whose picture really comes out of a section. The server points a section at somebody else at once, and says so at once;
 * pictures of the one before are still on their way then. A section is shown as somebody's from their first picture on,
 * told by the CSRC of what the browser hands to the page, and no longer than they are told to be in it.
 */
export class FaceGate {
  private readonly gates = new Map<string, Gate>();
  private watched: ReadonlySet<string> = new Set();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;
  /** Some source was told by the browser. */
  private sighted = false;
  private waitingSince: number | null = null;

  constructor(
    private readonly receiver: FindReceiver,
    /** Other sections are open than before. */
    private readonly changed: () => void,
  ) {}

  /** What the server says of our video sections. `following`: those that change by themselves. */
  update(assigned: Iterable<[string, Assigned]>, following: readonly string[]): void {
    const told = new Map(assigned);
    this.watched = new Set(following);
    for (const mid of new Set([...this.gates.keys(), ...told.keys()])) {
      const expected = told.get(mid)?.csrc ?? null;
      const former = told.get(mid)?.formerCsrc ?? null;
      const gate = this.gates.get(mid);
      if (!gate) {
        const pristine = !this.watched.has(mid);
        this.gates.set(mid, { expected, former, delivered: null, pristine, open: true });
        continue;
      }
      gate.former = former;
      if (expected === gate.expected) continue;
      const same = former !== null && former === gate.expected;
      if (expected !== null && gate.expected !== null && !same) gate.pristine = false;
      if (gate.expected === null && gate.delivered !== null) gate.pristine = false;
      gate.expected = expected;
    }
    for (const [mid, gate] of this.gates) this.look(mid, gate);
    this.schedule();
  }

  /** Whether what comes out of it is of whom it is said to be. */
  isOpen(mid: string): boolean {
    return this.gates.get(mid)?.open ?? true;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  /** Returns whether the gate is another than before. */
  private look(mid: string, gate: Gate): boolean {
    const before = gate.open;
    const seen = newest(this.receiver(mid));
    this.sighted ||= seen !== null;
    gate.delivered = seen ?? gate.delivered;
    const { expected, former, delivered, pristine } = gate;
    const blind = !this.sighted && this.waitingSince !== null && now() - this.waitingSince > BLIND_AFTER_MS;
    if (expected === null) gate.open = true;
    else if (delivered === null) gate.open = pristine || blind;
    else gate.open = delivered === expected || delivered === former;
    return gate.open !== before;
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.closed) return;
    const awaited = [...this.gates.values()].some(({ open }) => !open);
    this.waitingSince = awaited ? (this.waitingSince ?? now()) : this.sighted ? null : this.waitingSince;
    if (!awaited && this.watched.size === 0) return;
    this.timer = setTimeout(() => this.lookAgain(), awaited ? LOOK_EVERY_MS : WATCH_EVERY_MS);
  }

  private lookAgain(): void {
    let changed = false;
    for (const [mid, gate] of this.gates) {
      if ((!gate.open || this.watched.has(mid)) && this.look(mid, gate)) changed = true;
    }
    this.schedule();
    if (changed) this.changed();
  }
}

/** CSRC of the last picture; null where there was none lately. */
function newest(receiver: ReturnType<FindReceiver>): number | null {
  let csrc: number | null = null;
  let at = Number.NEGATIVE_INFINITY;
  for (const { source, timestamp } of receiver?.getContributingSources?.() ?? []) {
    if (timestamp <= at) continue;
    at = timestamp;
    csrc = source;
  }
  return csrc;
}

const now = (): number => performance.now();
