/** One measured moment of the path from the server; bit/s. */
export interface Sample {
  /** ms, on any clock. */
  at: number;
  estimate: number;
  sent: number;
  wanted: number;
}

export interface Frame {
  width: number;
  height: number;
  /** Time that the width stands for, ms; its right edge is `now`. */
  spanMs: number;
  now: number;
  /** What the height stands for. */
  top: number;
}

/** A round number above all values, for the top of the scale; at least 100 kbit/s. */
export function scaleTop(samples: readonly Sample[]): number {
  const highest = Math.max(100_000, ...samples.flatMap(({ estimate, sent, wanted }) => [estimate, sent, wanted]));
  const power = 10 ** Math.floor(Math.log10(highest));
  return [1, 2, 5, 10].map((step) => step * power).find((top) => top >= highest) ?? highest;
}

/** `d` of an SVG path through the values: each holds until the next. Empty where there is nothing to draw. */
export function stepPath(samples: readonly Sample[], value: keyof Omit<Sample, 'at'>, frame: Frame): string {
  const { width, height, spanMs, now, top } = frame;
  const x = (at: number) => Math.max(0, Math.min(width, width - ((now - at) / spanMs) * width));
  const y = (bps: number) => height - Math.max(0, Math.min(1, bps / top)) * height;
  let d = '';
  for (const sample of samples) {
    const [left, level] = [x(sample.at).toFixed(1), y(sample[value]).toFixed(1)];
    d += d === '' ? `M${left} ${level}` : `H${left}V${level}`;
  }
  return d === '' ? '' : `${d}H${width}`;
}

/** The newest of what is within the span, and the one before it, which holds at its left edge. */
export function within(samples: readonly Sample[], from: number): Sample[] {
  const first = samples.findIndex(({ at }) => at >= from);
  return first < 0 ? samples.slice(-1) : samples.slice(Math.max(0, first - 1));
}
