/** Where the nodes of the map are: in layers by their distance from the home, or, where it is narrow, as an outline. */
import type { ClusterRoom } from '@efir/protocol';

export const CARD = { width: 226, height: 172, gapX: 30, gapY: 116 } as const;
/** Between rows that no link leads to. */
const APART = 36;
/** `label`: for each link above the card that it leads to. */
const OUTLINE = { indent: 22, gapY: 18, label: 26, margin: 4 } as const;
/** Room for the curves beneath the last row. */
const FOOT = 16;

export interface Placed {
  id: string;
  x: number;
  y: number;
  width: number;
  layer: number;
}

export interface MapLayout {
  nodes: Placed[];
  width: number;
  height: number;
  outline: boolean;
}

export interface MapRequest {
  /** Inner, px. */
  width: number;
  nodes: readonly string[];
  links: readonly { from: string; to: string }[];
  /** Those that the map is about. */
  rooms: readonly ClusterRoom[];
}

export function layOut({ width, nodes, links, rooms }: MapRequest): MapLayout {
  const layers = layersOf(nodes, rooms);
  const parents = parentsOf(rooms, links);
  const columns = Math.max(1, Math.floor((width + CARD.gapX) / (CARD.width + CARD.gapX)));
  return columns === 1 && nodes.length > 1
    ? outline(width, nodes, links, layers, parents)
    : rows(width, columns, nodes, links, layers, parents);
}

/** A node's layer: its least distance from a home of a broadcast. Those without a room of the map come last. */
function layersOf(nodes: readonly string[], rooms: readonly ClusterRoom[]): Map<string, number> {
  const layers = new Map<string, number>();
  for (const { kind, nodes: parts } of rooms) {
    if (kind !== 'broadcast') continue;
    for (const { node, depth } of parts) layers.set(node, Math.min(layers.get(node) ?? Infinity, depth));
  }
  for (const room of rooms) for (const { node } of room.nodes) if (!layers.has(node)) layers.set(node, 0);
  const last = layers.size === 0 ? 0 : Math.max(...layers.values()) + 1;
  for (const id of nodes) if (!layers.has(id)) layers.set(id, last);
  return layers;
}

function parentsOf(rooms: readonly ClusterRoom[], links: MapRequest['links']): Map<string, string> {
  const parents = new Map<string, string>();
  for (const { from, to } of links) parents.set(to, parents.get(to) ?? from);
  for (const room of rooms) {
    for (const { node, parent } of room.nodes) if (parent !== null) parents.set(node, parent);
  }
  return parents;
}

function rows(
  width: number,
  columns: number,
  nodes: readonly string[],
  links: MapRequest['links'],
  layers: Map<string, number>,
  parents: Map<string, string>,
): MapLayout {
  const placed: Placed[] = [];
  const order = new Map<string, number>();
  const numbers = [...new Set(nodes.map((id) => layers.get(id) ?? 0))].sort((a, b) => a - b);
  const cardWidth = Math.min(CARD.width, width);
  let y = FOOT;
  let above: readonly string[] = [];
  for (const layer of numbers) {
    const members = nodes.filter((id) => layers.get(id) === layer);
    const place = (id: string) => order.get(parents.get(id) ?? '') ?? -1;
    members.sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
    for (const [index, id] of members.entries()) order.set(id, index / members.length);
    const count = Math.ceil(members.length / columns);
    const each = Math.ceil(members.length / count);
    for (let row = 0; row < count; row++) {
      const line = members.slice(row * each, (row + 1) * each);
      const joined = links.some(
        ({ from, to }) => line.includes(to) || line.includes(from) || (above.includes(from) && above.includes(to)),
      );
      if (above.length > 0) y += CARD.height + (joined ? CARD.gapY : APART);
      above = line;
      const lineWidth = line.length * (cardWidth + CARD.gapX) - CARD.gapX;
      for (const [index, id] of line.entries()) {
        const x = (width - lineWidth) / 2 + index * (cardWidth + CARD.gapX);
        placed.push({ id, layer, x: Math.round(x), y, width: cardWidth });
      }
    }
  }
  const level = links.some(({ from, to }) => above.includes(from) && above.includes(to));
  const foot = level ? CARD.gapY : FOOT;
  return { nodes: placed, width, height: nodes.length > 0 ? y + CARD.height + foot : 0, outline: false };
}

/** Children under their parent, each layer further in. */
function outline(
  width: number,
  nodes: readonly string[],
  links: MapRequest['links'],
  layers: Map<string, number>,
  parents: Map<string, string>,
): MapLayout {
  const placed: Placed[] = [];
  let y: number = OUTLINE.margin - OUTLINE.gapY;
  const put = (id: string, inset: number) => {
    if (placed.some((one) => one.id === id)) return;
    y += OUTLINE.gapY + OUTLINE.label * links.filter(({ from, to }) => to === id && nodes.includes(from)).length;
    const x = OUTLINE.margin + Math.min(inset, 4) * OUTLINE.indent;
    placed.push({ id, layer: layers.get(id) ?? 0, x, y, width: Math.min(300, width - x - OUTLINE.margin) });
    y += CARD.height;
    for (const child of sorted) if (parents.get(child) === id) put(child, inset + 1);
  };
  const sorted = [...nodes].sort((a, b) => (layers.get(a) ?? 0) - (layers.get(b) ?? 0) || (a < b ? -1 : 1));
  for (const id of sorted) put(id, 0);
  return { nodes: placed, width, height: y + OUTLINE.margin, outline: true };
}
