export interface GridLayout {
  columns: number;
  rows: number;
  /** px of one tile. */
  width: number;
  height: number;
  /** The tiles don't fit at a size at which faces are seen: the grid scrolls. */
  scrolls: boolean;
}

export interface GridSpace {
  /** px to fill. */
  width: number;
  height: number;
  gap: number;
}

/** Widest shape of a tile, width / height: that of a camera. */
const ASPECT_MAX = 16 / 9;
/** Narrowest shape. Pictures are cropped to it: on an upright phone more of that is borne than on a wide screen. */
const ASPECT_MIN = { wide: 1.2, upright: 0.62 } as const;
/** Below this a face isn't told, px. */
const WIDTH_MIN = 132;

/** How `count` tiles of equal size fill the space best: as large as can be, in shapes that suit faces. */
export function gridLayout(count: number, space: GridSpace): GridLayout {
  const { width: spaceWidth, height: spaceHeight, gap } = space;
  const narrowest = spaceWidth < spaceHeight ? ASPECT_MIN.upright : ASPECT_MIN.wide;
  let best: GridLayout | null = null;
  let bestScore = -1;
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.max(1, Math.ceil(count / columns));
    const { width, height } = fit(
      (spaceWidth - gap * (columns - 1)) / columns,
      (spaceHeight - gap * (rows - 1)) / rows,
      narrowest,
    );
    if (width <= 0 || height <= 0) continue;
    // Area, slightly less for a last row with holes.
    const holes = (columns * rows - count) / (columns * rows);
    const score = width * height * (1 - 0.15 * holes);
    if (score > bestScore) {
      bestScore = score;
      best = { columns, rows, width, height, scrolls: false };
    }
  }
  if (best && best.width >= Math.min(WIDTH_MIN, spaceWidth)) return best;
  const columns = Math.max(1, Math.floor((spaceWidth + gap) / (WIDTH_MIN + 28 + gap)));
  const width = Math.max(0, Math.floor((spaceWidth - gap * (columns - 1)) / columns));
  return { columns, rows: Math.ceil(count / columns), width, height: Math.floor((width * 3) / 4), scrolls: true };
}

function fit(width: number, height: number, narrowest: number): { width: number; height: number } {
  if (width <= 0 || height <= 0) return { width: 0, height: 0 };
  const aspect = Math.min(ASPECT_MAX, Math.max(narrowest, width / height));
  return width / height > aspect
    ? { width: Math.floor(height * aspect), height: Math.floor(height) }
    : { width: Math.floor(width), height: Math.floor(width / aspect) };
}
