import type { Participant, Tile } from '@efir/client';
import type { TileSource } from './tile.js';
import type { Viewing } from './use-viewing.js';

/** What is shown large beside the others. */
export interface Focus {
  participant: Participant;
  source: TileSource;
  why: 'pinned' | 'screen' | 'speaker';
}

interface Seen {
  participants: readonly Participant[];
  screens: readonly Participant[];
  /** Who speaks, or spoke last. */
  speaker: Participant | null;
  viewing: Pick<Viewing, 'layout' | 'pinned'>;
}

/** Pinned goes before a shared screen, and that before who speaks. Null: everybody is equal. */
export function focusOf({ participants, screens, speaker, viewing }: Seen): Focus | null {
  const { pinned, layout } = viewing;
  if (pinned) return { ...pinned, why: 'pinned' };
  const [screen] = screens;
  if (screen) return { participant: screen, source: 'screen', why: 'screen' };
  if (layout !== 'speaker') return null;
  const participant = speaker ?? participants.find(({ isLocal }) => !isLocal);
  return participant ? { participant, source: 'camera', why: 'speaker' } : null;
}

export interface Sized {
  participant: Participant;
  source: TileSource;
  /** CSS pixels. */
  width: number;
  height: number;
}

interface Shown {
  focus: (Focus & { width: number; height: number }) | null;
  tiles: readonly Sized[];
  /** Whoever speaks gets the better picture among equals. */
  speaker: Participant | null;
  pixelRatio: number;
}

/** The view that the server is told: others' tiles only, the most important first. */
export function viewTiles({ focus, tiles, speaker, pixelRatio }: Shown): Tile[] {
  const scale = Math.min(2, Math.max(1, pixelRatio));
  const size = ({ width, height }: { width: number; height: number }) => ({
    width: Math.round(width * scale),
    height: Math.round(height * scale),
  });
  const view: Tile[] = [];
  if (focus && (focus.why === 'speaker' || !focus.participant.isLocal)) {
    const { participant, source, why } = focus;
    const show = why === 'speaker' ? ({ follow: 'speaker' } as const) : { participant: participant.id, source };
    view.push({ show, role: source === 'screen' ? 'screen' : 'stage', ...size(focus) });
  }
  const speaks = (tile: Sized) => !focus && tile.participant === speaker;
  for (const tile of [...tiles.filter(speaks), ...tiles.filter((tile) => !speaks(tile))]) {
    const { participant, source } = tile;
    if (participant.isLocal) continue;
    const role = source === 'screen' ? 'screen' : speaks(tile) ? 'stage' : 'thumbnail';
    view.push({ show: { participant: participant.id, source }, role, ...size(tile) });
  }
  return view;
}
