/** A run as a picture: rates over time above, the bottleneck's queue below. SVG without scripts or fonts of its own. */
import type { Scenario, ScenarioRun } from '@efir/rtc';

const WIDTH = 760;
const LEFT = 52;
const RIGHT = 12;
const RATES = { top: 34, height: 190 };
const QUEUE = { top: 250, height: 70 };
const HEIGHT = 350;
const STEP_MS = 500;
const COLOURS = ['#2563eb', '#d97706', '#059669', '#db2777', '#7c3aed', '#64748b'];

interface Panel {
  top: number;
  height: number;
}

export function plot(scenario: Scenario, run: ScenarioRun): string {
  const { durationMs } = scenario;
  const flows = run.flows.map((flow) => ({
    label: flow.label,
    points: thin(flow.samples.map((sample) => [sample.atMs, sample.targetBps ?? sample.receivedBps])),
  }));
  const steps = Math.ceil(durationMs / STEP_MS);
  const capacity = Array.from({ length: steps + 1 }, (_, i) => run.link.model.capacityAt(i * STEP_MS));
  const rates = flows.flatMap((flow) => flow.points.map(([, bps]) => bps));
  const topBps = ceiling(Math.min(1.6 * Math.max(...capacity), Math.max(...capacity, ...rates)));
  const queue = run.link.queueSeries(STEP_MS, durationMs);
  const topMs = ceiling(Math.max(50, ...queue));
  const x = (ms: number): string => fixed(LEFT + (ms / durationMs) * (WIDTH - LEFT - RIGHT));
  const y = (value: number, top: number, panel: Panel): string =>
    fixed(panel.top + panel.height * (1 - Math.min(1, value / top)));

  const capacityLine = capacity.flatMap((bps, i) => {
    const at = `${x(Math.min(durationMs, i * STEP_MS))},`;
    const changed = i > 0 && bps !== capacity[i - 1];
    return [...(changed ? [`${at}${y(capacity[i - 1], topBps, RATES)}`] : []), `${at}${y(bps, topBps, RATES)}`];
  });
  const floor = RATES.top + RATES.height;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11">`,
    `<title>${scenario.title}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<polygon fill="#e2e8f0" points="${x(0)},${floor} ${capacityLine.join(' ')} ${x(durationMs)},${floor}"/>`,
    ...axis(RATES, topBps / 1e6, 'Mbps'),
    ...axis(QUEUE, topMs, 'queue, ms'),
    ...timeAxis(durationMs, x),
  ];
  flows.forEach((flow, i) => {
    const points = flow.points.map(([ms, bps]) => `${x(ms)},${y(bps, topBps, RATES)}`).join(' ');
    parts.push(`<polyline fill="none" stroke="${COLOURS[i]}" stroke-width="1.3" points="${points}"/>`);
    const at = LEFT + 110 + i * 75;
    parts.push(`<text x="${at}" y="18" fill="${COLOURS[i]}">${flow.label}</text>`);
  });
  parts.push(`<text x="${LEFT}" y="18" fill="#64748b">grey: capacity</text>`);
  const waits = queue.map((ms, i) => `${x(i * STEP_MS)},${y(ms, topMs, QUEUE)}`).join(' ');
  parts.push(`<polyline fill="none" stroke="#dc2626" points="${waits}"/>`, '</svg>', '');
  return parts.join('\n');
}

/** Means of each step. */
function thin(points: readonly (readonly [number, number])[]): [number, number][] {
  const sums = new Map<number, [number, number]>();
  for (const [ms, value] of points) {
    const step = Math.floor((ms - 1) / STEP_MS);
    const [sum, count] = sums.get(step) ?? [0, 0];
    sums.set(step, [sum + value, count + 1]);
  }
  return [...sums].map(([step, [sum, count]]) => [(step + 0.5) * STEP_MS, sum / count]);
}

function axis({ top, height }: Panel, most: number, unit: string): string[] {
  const bottom = top + height;
  const line = (at: number): string =>
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#cbd5e1" stroke-width="0.5"/>`;
  const text = (at: number, label: string): string =>
    `<text x="${LEFT - 6}" y="${at + 4}" text-anchor="end" fill="#475569">${label}</text>`;
  const title = `<text x="${LEFT}" y="${top - 6}" fill="#475569">${unit}</text>`;
  const half = top + height / 2;
  return [
    line(top),
    line(half),
    line(bottom),
    text(top, `${most}`),
    text(half, `${most / 2}`),
    text(bottom, '0'),
    title,
  ];
}

function timeAxis(durationMs: number, x: (ms: number) => string): string[] {
  const stepMs = durationMs > 150_000 ? 50_000 : 10_000;
  const labels: string[] = [];
  for (let ms = 0; ms <= durationMs; ms += stepMs) {
    const y = QUEUE.top + QUEUE.height + 16;
    labels.push(`<text x="${x(ms)}" y="${y}" text-anchor="middle" fill="#475569">${ms / 1000} s</text>`);
  }
  return labels;
}

/** The next of 1, 2, 3, 4, 5, 6, 8, 10 times a power of ten. */
function ceiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((n) => n * power).find((n) => n >= value * 0.999) ?? value;
}

function fixed(value: number): string {
  return value.toFixed(1);
}
