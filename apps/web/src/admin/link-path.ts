import { CARD, type MapLayout, type Placed } from './map-layout.js';

export interface Drawn {
  key: string;
  /** Of an SVG path. */
  path: string;
  /** Middle of its text. */
  label: { x: number; y: number };
}

interface Ends {
  key: string;
  from: string;
  to: string;
}

const PORT_GAP = 18;

/** The curves of links between placed nodes; one whose node isn't on the map is left out. */
export function drawLinks({ nodes, outline }: MapLayout, links: readonly Ends[]): Drawn[] {
  const at = new Map(nodes.map((node) => [node.id, node]));
  const known = links.filter(({ from, to }) => from !== to && at.has(from) && at.has(to));
  const node = (id: string) => at.get(id) as Placed;
  if (outline) return known.map(({ key, from, to }) => elbow(key, node(from), node(to)));
  const out = ports(known, 'from', 'to', node);
  const into = ports(known, 'to', 'from', node);
  return known.map(({ key, from, to }) => curve(key, node(from), node(to), out.get(key) ?? 0, into.get(key) ?? 0));
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

function curve(key: string, from: Placed, to: Placed, out: number, into: number): Drawn {
  const down = to.y > from.y;
  const level = to.y === from.y;
  const x0 = from.x + from.width / 2 + out;
  const x3 = to.x + to.width / 2 + into;
  const y0 = down || level ? from.y + CARD.height : from.y;
  const y3 = down ? to.y : to.y + CARD.height;
  // Beside each other: beneath the cards, the two directions at different depths.
  const sag = from.x < to.x ? 58 : 88;
  const bend = level ? sag : Math.max(36, Math.abs(y3 - y0) * 0.55) * (down ? 1 : -1);
  const [y1, y2] = [y0 + bend, level ? y3 + bend : y3 - bend];
  const t = level ? 0.5 : 0.7;
  const label = { x: Math.round(cubic(x0, x0, x3, x3, t)), y: Math.round(cubic(y0, y1, y2, y3, t)) };
  return { key, path: `M${x0} ${y0}C${x0} ${y1} ${x3} ${y2} ${x3} ${y3}`, label };
}

/** Down the left side of the parent and into the child, or round the outside to one that isn't further in. */
function elbow(key: string, from: Placed, to: Placed): Drawn {
  const middle = to.y + 24;
  const x = Math.min(from.x + 10, to.x - 12);
  const start = to.y > from.y ? from.y + CARD.height : from.y;
  const path = x >= from.x ? `M${x} ${start}V${middle}H${to.x}` : `M${from.x} ${from.y + 48}H${x}V${middle}H${to.x}`;
  return { key, path, label: { x: to.x + to.width / 2, y: to.y - 14 } };
}

function cubic(a: number, b: number, c: number, d: number, t: number): number {
  const s = 1 - t;
  return s * s * s * a + 3 * s * s * t * b + 3 * s * t * t * c + t * t * t * d;
}
