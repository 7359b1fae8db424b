/**
 * A limit from loss. It asks which bandwidth explains the losses of the last 5-10 s best: up to it packets are lost by chance,
 * at the path's inherent share, and what is sent over it is lost besides. So loss that doesn't depend on the rate, as on
 * radio, doesn't bring the rate down, and loss by congestion does, a queue or no. A maximum-likelihood search over a few
 * candidates, as in libwebrtc's second loss-based estimator, with one difference: while the delay says that no queue stands
 * much more loss may be inherent.
 */

const OBSERVATIONS = 20;
const MIN_OBSERVATION_MS = 250;
const MIN_OBSERVATION_PACKETS = 10;
const OBSERVATIONS_NEEDED = 3;
const AGE_WEIGHT = 0.9;
const FACTORS = [1.02, 1, 0.95];
const MIN_INHERENT = 0.001;
/** What inherent loss may be: the first, and more for low rates, where one packet is much. */
const INHERENT_OFFSET = 0.05;
const INHERENT_BALANCE_BPS = 75_000;
const MAX_INHERENT = 0.35;
/** A queue of this much and a loss of more than the offset belong together. */
const QUEUE_MS = 60;
const CALM_WEIGHT = 0.1;
/** More loss than this is never only the radio's. */
const SEVERE_LOSS = 0.45;
/** What a packet's likelihood is favoured by for a bandwidth e times as high. */
const HIGHER_BIAS = 0.01;
const MAX_INCREASE = 1.3;
const INCREASE_WINDOW_MS = 300;

export class LossBased {
  /** Infinity while loss limits nothing. */
  bps = Number.POSITIVE_INFINITY;
  /** 0..1, weighted to the newest. */
  share = 0;
  /** Of it, what the rate doesn't cause. */
  inherent = 0.01;

  private readonly packets = new Float32Array(OBSERVATIONS);
  private readonly losses = new Float32Array(OBSERVATIONS);
  private readonly kbps = new Float32Array(OBSERVATIONS);
  private count = 0;
  private next = 0;

  private partPackets = 0;
  private partLost = 0;
  private partBytes = 0;
  private partFirstUs = 0;
  private partLastUs = 0;
  private windowMs = 0;
  private windowBps = 0;
  private queueMs = 0;
  /** Inherent loss as it was while no queue stood; a queue doesn't make a radio link better. */
  private calmInherent = 0;

  /** A packet was reported; `sentUs` modulo 2^32. */
  packet(sentUs: number, bytes: number, lost: boolean): void {
    if (this.partPackets === 0) {
      this.partFirstUs = sentUs;
      this.partLastUs = sentUs;
    } else {
      this.partBytes += bytes;
      if (((sentUs - this.partLastUs) | 0) > 0) this.partLastUs = sentUs;
    }
    this.partPackets++;
    if (lost) this.partLost++;
  }

  /** A packet reported lost came after all, and is told of once more. */
  recovered(): void {
    if (this.partLost === 0) return;
    this.partLost--;
    this.partPackets--;
  }

  /**
   * After each feedback. `delayBps` is what the delay allows, `ackedBps` what arrives (0: unknown), `queueMs` how long
   * packets wait; `limited`: less is sent than might be.
   */
  update(delayBps: number, ackedBps: number, queueMs: number, limited: boolean, nowMs: number): number {
    this.queueMs = queueMs;
    const spanMs = ((this.partLastUs - this.partFirstUs) | 0) / 1000;
    if (this.partPackets >= MIN_OBSERVATION_PACKETS && spanMs >= MIN_OBSERVATION_MS) {
      this.observe(spanMs);
      if (this.count >= OBSERVATIONS_NEEDED) this.search(delayBps, ackedBps, limited, nowMs);
    }
    return this.bps;
  }

  /** A probe got through at this rate: what was believed of the bandwidth is outdated. */
  raise(bps: number): void {
    if (bps > this.bps) this.bps = bps;
  }

  private observe(spanMs: number): void {
    const at = this.next;
    this.packets[at] = this.partPackets;
    this.losses[at] = this.partLost;
    this.kbps[at] = (this.partBytes * 8) / spanMs;
    this.next = (at + 1) % OBSERVATIONS;
    if (this.count < OBSERVATIONS) this.count++;
    this.partPackets = 0;
    this.partLost = 0;
    this.partBytes = 0;
    let packets = 0;
    let lost = 0;
    let weight = 1;
    for (let i = 0; i < this.count; i++, weight *= AGE_WEIGHT) {
      const slot = this.slot(i);
      packets += weight * this.packets[slot];
      lost += weight * this.losses[slot];
    }
    this.share = packets > 0 ? Math.max(0, lost / packets) : 0;
  }

  private search(delayBps: number, ackedBps: number, limited: boolean, nowMs: number): void {
    const current = Math.min(this.bps, delayBps);
    let best = current;
    let bestInherent = this.inherent;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < FACTORS.length + 2; i++) {
      let candidate: number;
      if (i < FACTORS.length) {
        // While little is sent nothing can be learnt of more.
        if (limited && FACTORS[i] > 1) continue;
        candidate = current * FACTORS[i];
      } else if (i === FACTORS.length) {
        if (ackedBps <= 0 || limited) continue;
        candidate = Math.min(current, ackedBps / (1 - this.inherent));
      } else {
        candidate = delayBps;
      }
      const inherent = this.inherentFor(candidate);
      const score = this.score(candidate, inherent);
      if (score > bestScore) {
        bestScore = score;
        best = candidate;
        bestInherent = inherent;
      }
    }
    this.inherent = bestInherent;
    if (this.queueMs < QUEUE_MS) this.calmInherent += (bestInherent - this.calmInherent) * CALM_WEIGHT;
    if (best > current && this.share > 0 && bestInherent < this.share - 0.01) best = current;
    this.settle(Math.min(best, this.instantLimit()), delayBps, nowMs);
  }

  private settle(best: number, delayBps: number, nowMs: number): void {
    if (best >= delayBps) {
      this.bps = this.share < 0.02 ? Number.POSITIVE_INFINITY : delayBps;
      return;
    }
    if (best < this.bps) {
      this.windowMs = nowMs;
      this.windowBps = best;
      this.bps = best;
      return;
    }
    if (nowMs - this.windowMs > INCREASE_WINDOW_MS) {
      this.windowMs = nowMs;
      this.windowBps = this.bps;
    }
    this.bps = Math.min(best, this.windowBps * MAX_INCREASE);
  }

  /** What a loss that can't be the radio's allows at once. */
  private instantLimit(): number {
    const offset = this.inherentLimit(Number.POSITIVE_INFINITY);
    return this.share > offset ? (INHERENT_BALANCE_BPS * 1.5) / (this.share - offset) : Number.POSITIVE_INFINITY;
  }

  private inherentLimit(bps: number): number {
    if (this.queueMs < QUEUE_MS && this.share < SEVERE_LOSS) return MAX_INHERENT;
    return Math.min(MAX_INHERENT, Math.max(INHERENT_OFFSET + INHERENT_BALANCE_BPS / bps, this.calmInherent));
  }

  /** The inherent loss that explains what got through best, for a given bandwidth. */
  private inherentFor(bps: number): number {
    const kbps = bps / 1000;
    let kept = 0;
    let passed = 0;
    let weight = 1;
    for (let i = 0; i < this.count; i++, weight *= AGE_WEIGHT) {
      const slot = this.slot(i);
      const packets = this.packets[slot];
      kept += weight * (packets - this.losses[slot]);
      passed += weight * packets * Math.min(1, kbps / Math.max(1, this.kbps[slot]));
    }
    const inherent = passed > 0 ? 1 - kept / passed : 0;
    return Math.min(this.inherentLimit(bps), Math.max(MIN_INHERENT, inherent));
  }

  private score(bps: number, inherent: number): number {
    const kbps = bps / 1000;
    let score = 0;
    let packets = 0;
    let weight = 1;
    for (let i = 0; i < this.count; i++, weight *= AGE_WEIGHT) {
      const slot = this.slot(i);
      const chance = lossChance(inherent, kbps, this.kbps[slot]);
      const lost = this.losses[slot];
      packets += weight * this.packets[slot];
      score += weight * (lost * Math.log(chance) + (this.packets[slot] - lost) * Math.log(1 - chance));
    }
    return score + HIGHER_BIAS * packets * Math.log(kbps);
  }

  /** Of the observation `age` before the newest. */
  private slot(age: number): number {
    return (this.next - 1 - age + 2 * OBSERVATIONS) % OBSERVATIONS;
  }
}

/** Share lost of what is sent at `sendingKbps` over a path of `kbps` that loses `inherent` anyway. */
function lossChance(inherent: number, kbps: number, sendingKbps: number): number {
  let chance = inherent;
  if (sendingKbps > kbps) chance += (1 - inherent) * (1 - kbps / sendingKbps);
  return Math.min(0.999, Math.max(0.0001, chance));
}
