/** Px that a tile is to have on a page, where there is the choice; on a narrow screen less is borne. */
const TILE = { wide: { width: 340, height: 170 }, narrow: { width: 160, height: 190 } } as const;
const NARROW = 600;
/** A page has no more: so many pictures are the most that are received. */
const MOST = 25;

/** So many people at most are shown all together, by scrolling if need be. */
export const TOGETHER = 9;

export interface Space {
  width: number;
  height: number;
  gap: number;
}

/** How many tiles a page has, 1 to 25: as many as fit at a size at which faces are seen well. */
export function pageCapacity({ width, height, gap }: Space): number {
  const tile = width < NARROW ? TILE.narrow : TILE.wide;
  const fit = (space: number, size: number) => Math.max(1, Math.floor((space + gap) / (size + gap)));
  return Math.min(MOST, fit(width, tile.width) * fit(height, tile.height));
}

export interface Page<T> {
  shown: T[];
  /** From 0. */
  page: number;
  pages: number;
}

/** One page of a list; a page that isn't there any more gives way to the last one. */
export function pageOf<T>(all: readonly T[], size: number, wanted: number): Page<T> {
  const step = Math.max(1, size);
  const pages = Math.max(1, Math.ceil(all.length / step));
  const page = Math.max(0, Math.min(pages - 1, wanted));
  return { shown: all.slice(page * step, (page + 1) * step), page, pages };
}

/**
 * People by the page, oneself on each as the last. `capacity`: tiles of a page; where all fit, or are few, there is one page.
 */
export function peoplePage<T extends { isLocal: boolean }>(
  people: readonly T[],
  capacity: number,
  wanted: number,
): Page<T> {
  if (people.length <= Math.max(TOGETHER, capacity)) return { shown: [...people], page: 0, pages: 1 };
  const own = people.filter(({ isLocal }) => isLocal);
  const others = people.filter(({ isLocal }) => !isLocal);
  const page = pageOf(others, capacity - (capacity > 2 ? own.length : 0), wanted);
  return { ...page, shown: capacity > 2 ? [...page.shown, ...own] : page.shown };
}
