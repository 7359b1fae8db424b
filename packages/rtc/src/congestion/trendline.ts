/**
 * The slope of the queueing delay: a least-squares line through the last 20 groups' accumulated and smoothed delay.
 * Above 0 a queue grows, at 1 it grows as fast as time goes by. Source: draft-ietf-rmcat-gcc-02, section 5.3, with the line
 * fit that replaced its Kalman filter in libwebrtc.
 */

const SAMPLES = 20;
const SMOOTHING = 0.9;
/** A count of deltas above this adds no more confidence. */
const MAX_DELTAS = 60;
const GAIN = 4;

export class Trendline {
  /** ms of delay per ms. */
  slope = 0;
  /** The slope made comparable with the detector's threshold, ms. */
  trendMs = 0;

  private readonly times = new Float64Array(SAMPLES);
  private readonly delays = new Float64Array(SAMPLES);
  private count = 0;
  private next = 0;
  private deltas = 0;
  private accumulatedMs = 0;
  private smoothedMs = 0;
  private originUs = 0;

  /** `deltaMs` is how much longer the gap between two groups was at arrival; `arrivalUs` that of the newer. */
  add(deltaMs: number, arrivalUs: number): void {
    if (this.deltas === 0) this.originUs = arrivalUs;
    this.deltas++;
    this.accumulatedMs += deltaMs;
    this.smoothedMs = SMOOTHING * this.smoothedMs + (1 - SMOOTHING) * this.accumulatedMs;
    this.times[this.next] = (arrivalUs - this.originUs) / 1000;
    this.delays[this.next] = this.smoothedMs;
    this.next = (this.next + 1) % SAMPLES;
    if (this.count < SAMPLES) this.count++;
    if (this.count === SAMPLES) this.slope = this.fit();
    this.trendMs = this.deltas < 2 ? 0 : Math.min(this.deltas, MAX_DELTAS) * this.slope * GAIN;
  }

  reset(): void {
    this.slope = 0;
    this.trendMs = 0;
    this.count = 0;
    this.next = 0;
    this.deltas = 0;
    this.accumulatedMs = 0;
    this.smoothedMs = 0;
  }

  private fit(): number {
    let time = 0;
    let delay = 0;
    for (let i = 0; i < SAMPLES; i++) {
      time += this.times[i];
      delay += this.delays[i];
    }
    time /= SAMPLES;
    delay /= SAMPLES;
    let both = 0;
    let square = 0;
    for (let i = 0; i < SAMPLES; i++) {
      const dt = this.times[i] - time;
      both += dt * (this.delays[i] - delay);
      square += dt * dt;
    }
    return square > 0 ? both / square : this.slope;
  }
}
