/** A broadcast as a picture: who watches and who waits above, viewers of a node below. SVG without scripts or fonts of its own. */
import type { CascadeRun, CascadeSample } from './result.js';

const WIDTH = 760;
const LEFT = 56;
const RIGHT = 12;
const HEIGHT = 430;
const PEOPLE = { top: 34, height: 190 };
const SPREAD = { top: 262, height: 120 };

interface Panel {
  top: number;
  height: number;
}

export function plot(title: string, { samples, deaths }: CascadeRun): string {
  const endMs = samples.at(-1)?.atMs ?? 1;
  const topPeople = ceiling(Math.max(1, ...samples.map(({ watching, waiting }) => watching + waiting)));
  const topSpread = ceiling(Math.max(1, ...samples.map(({ most }) => most)));
  const x = (ms: number): string => (LEFT + (ms / endMs) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number, top: number, panel: Panel): string =>
    (panel.top + panel.height * (1 - Math.min(1, value / top))).toFixed(1);
  const line = (of: (sample: CascadeSample) => number, top: number, panel: Panel): string =>
    samples.map((sample) => `${x(sample.atMs)},${y(of(sample), top, panel)}`).join(' ');
  const floor = PEOPLE.top + PEOPLE.height;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11">`,
    `<title>${title}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...axis(PEOPLE, topPeople),
    ...axis(SPREAD, topSpread),
    ...deaths.map(({ atMs, home }) => {
      const at = x(atMs);
      const colour = home ? '#dc2626' : '#94a3b8';
      return `<line x1="${at}" x2="${at}" y1="${PEOPLE.top}" y2="${SPREAD.top + SPREAD.height}" stroke="${colour}" stroke-dasharray="3 3"/>`;
    }),
    `<polygon fill="#dbeafe" points="${x(0)},${floor} ${line(({ watching }) => watching, topPeople, PEOPLE)} ${x(endMs)},${floor}"/>`,
    `<polyline fill="none" stroke="#2563eb" stroke-width="1.3" points="${line(({ watching }) => watching, topPeople, PEOPLE)}"/>`,
    `<polyline fill="none" stroke="#d97706" stroke-width="1.3" points="${line(({ waiting }) => waiting, topPeople, PEOPLE)}"/>`,
    ...[
      ['least', '#64748b'],
      ['mean', '#059669'],
      ['most', '#7c3aed'],
    ].map(
      ([name, colour]) =>
        `<polyline fill="none" stroke="${colour}" points="${line((sample) => sample[name as 'least'], topSpread, SPREAD)}"/>`,
    ),
    `<text x="${LEFT}" y="18" fill="#2563eb">watching</text>`,
    `<text x="${LEFT + 70}" y="18" fill="#d97706">waiting</text>`,
    `<text x="${LEFT + 140}" y="18" fill="#64748b">dashed: a node dies (red: the home)</text>`,
    `<text x="${LEFT}" y="${SPREAD.top - 10}" fill="#475569">viewers on a node:</text>`,
    `<text x="${LEFT + 110}" y="${SPREAD.top - 10}" fill="#7c3aed">most</text>`,
    `<text x="${LEFT + 145}" y="${SPREAD.top - 10}" fill="#059669">mean</text>`,
    `<text x="${LEFT + 185}" y="${SPREAD.top - 10}" fill="#64748b">least, of those that are up</text>`,
  ];
  for (let ms = 0; ms <= endMs; ms += 60_000) {
    const at = SPREAD.top + SPREAD.height + 16;
    parts.push(`<text x="${x(ms)}" y="${at}" text-anchor="middle" fill="#475569">${ms / 60_000} min</text>`);
  }
  return [...parts, '</svg>', ''].join('\n');
}

function axis(panel: Panel, top: number): string[] {
  return [0, 0.5, 1].flatMap((share) => {
    const y = panel.top + panel.height * (1 - share);
    const label = (top * share).toLocaleString('en-US', { maximumFractionDigits: 0 });
    return [
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" stroke="#cbd5e1" stroke-width="0.6"/>`,
      `<text x="${LEFT - 6}" y="${y + 4}" text-anchor="end" fill="#475569">${label}</text>`,
    ];
  });
}

/** The next of 1, 2, 3, 4, 5, 6, 8, 10 times a power of ten. */
function ceiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((n) => n * power).find((n) => n >= value * 0.999) ?? value;
}
