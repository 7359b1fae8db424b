import { CARD, type MapLayout, type Placed } from './map-layout.js';

interface Point {
  x: number;
  y: number;
}

export interface Drawn {
  key: string;
  /** Of an SVG path. */
  path: string;
  /** Middle of its text. */
  label: Point;
}

interface Ends {
  key: string;
  from: string;
  to: string;
  /** Of its text, px. */
  labelWidth: number;
}

interface Line {
  key: string;
  path: string;
  /** Where the text may be, the best first. */
  places: Point[];
}

const PORT_GAP = 18;
const LABEL_HEIGHT = 24;

/** The curves of links between placed nodes; one whose node isn't on the map is left out. */
export function drawLinks({ nodes, outline }: MapLayout, links: readonly Ends[]): Drawn[] {
  const at = new Map(nodes.map((node) => [node.id, node]));
  const known = links.filter(({ from, to }) => from !== to && at.has(from) && at.has(to));
  const node = (id: string) => at.get(id) as Placed;
  const out = ports(known, 'from', 'to', node);
  const into = ports(known, 'to', 'from', node);
  const lines = known.map(({ key, from, to }) =>
    outline
      ? elbow(key, node(from), node(to))
      : curve(key, node(from), node(to), out.get(key) ?? 0, into.get(key) ?? 0),
  );
  return label(lines, new Map(known.map(({ key, labelWidth }) => [key, labelWidth])));
}

/** Each text where it covers no other, if there is such a place. */
function label(lines: readonly Line[], widths: Map<string, number>): Drawn[] {
  const taken: (Point & { width: number })[] = [];
  // Those with the least choice come first.
  const inOrder = [...lines].sort((a, b) => a.places.length - b.places.length);
  return inOrder.map(({ key, path, places }) => {
    const width = widths.get(key) ?? 0;
    const free = ({ x, y }: Point) =>
      taken.every((one) => Math.abs(one.y - y) >= LABEL_HEIGHT || Math.abs(one.x - x) >= (one.width + width) / 2 + 4);
    const first = places[0] as Point;
    // None on the line: beside it.
    const beside = [1, -1, 2, -2, 3, -3].map((steps) => ({ x: first.x, y: first.y + steps * LABEL_HEIGHT }));
    const at = [...places, ...beside].find(free) ?? first;
    taken.push({ ...at, width });
    return { key, path, label: at };
  });
}

/** Several links of a card leave it side by side, in the order of where they lead: px from its middle. */
function ports(
  links: readonly Ends[],
  own: 'from' | 'to',
  other: 'from' | 'to',
  node: (id: string) => Placed,
): Map<string, number> {
  const offsets = new Map<string, number>();
  for (const id of new Set(links.map((link) => link[own]))) {
    const mine = links.filter((link) => link[own] === id).sort((a, b) => node(a[other]).x - node(b[other]).x);
    const gap = Math.min(PORT_GAP, (CARD.width * 0.7) / mine.length);
    for (const [index, { key }] of mine.entries()) offsets.set(key, (index - (mine.length - 1) / 2) * gap);
  }
  return offsets;
}

function curve(key: string, from: Placed, to: Placed, out: number, into: number): Line {
  const down = to.y > from.y;
  const level = to.y === from.y;
  const x0 = from.x + from.width / 2 + out;
  const x3 = to.x + to.width / 2 + into;
  const y0 = down || level ? from.y + CARD.height : from.y;
  const y3 = down ? to.y : to.y + CARD.height;
  // Beside each other: beneath the cards, the two directions at different depths.
  const sag = from.x < to.x ? 54 : 92;
  const bend = level ? sag : Math.max(36, Math.abs(y3 - y0) * 0.55) * (down ? 1 : -1);
  const [y1, y2] = [y0 + bend, level ? y3 + bend : y3 - bend];
  const places = (level ? [0.5, 0.4, 0.6, 0.3, 0.7] : [0.68, 0.5, 0.8, 0.35, 0.6, 0.42, 0.25]).map((t) => ({
    x: Math.round(cubic(x0, x0, x3, x3, t)),
    y: Math.round(cubic(y0, y1, y2, y3, t)),
  }));
  return { key, path: `M${x0} ${y0}C${x0} ${y1} ${x3} ${y2} ${x3} ${y3}`, places };
}

/** Down the left side of the parent and into the child, or round the outside to one that isn't further in. */
function elbow(key: string, from: Placed, to: Placed): Line {
  const middle = to.y + 24;
  const x = Math.min(from.x + 10, to.x - 12);
  const start = to.y > from.y ? from.y + CARD.height : from.y;
  const path = x >= from.x ? `M${x} ${start}V${middle}H${to.x}` : `M${from.x} ${from.y + 48}H${x}V${middle}H${to.x}`;
  const places = Array.from({ length: 24 }, (_, step) => ({ x: to.x + to.width / 2, y: to.y - 14 - step * 26 }));
  return { key, path, places };
}

function cubic(a: number, b: number, c: number, d: number, t: number): number {
  const s = 1 - t;
  return s * s * s * a + 3 * s * s * t * b + 3 * s * t * t * c + t * t * t * d;
}
