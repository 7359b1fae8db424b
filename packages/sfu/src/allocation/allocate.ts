/**
 * Who of a subscriber's video streams gets which layers out of the bandwidth there is. Sound is taken off before.
 *
 * First everybody gets the least, the most important first; then stages are raised as far as it goes, then thumbnails, in
 * turns. What doesn't fit is paused from the last one on: pictures get smaller before there are fewer of them.
 */

export type StreamRole = 'stage' | 'screen' | 'thumbnail';

/** One way of sending a source. */
export interface LayerOption {
  spatial: number;
  temporal: number;
  /** Cost of it, all lower layers that it needs included. */
  bps: number;
}

export interface Demand {
  role: StreamRole;
  /** Lower comes first among those of a role. */
  order: number;
  /** From the least to the best; empty: there is no source. */
  options: readonly LayerOption[];
  /** Index of what it gets now, -1: nothing. */
  current: number;
}

/** A step up must fit with this much to spare, or it is taken back with the next fluctuation. */
export const RAISE_MARGIN = 1.15;

const RANK: Record<StreamRole, number> = { screen: 0, stage: 1, thumbnail: 2 };

/**
 * Index of the option for each demand, -1: paused. `mayRaise` false: nothing goes above what it gets now, what gets nothing
 * begins with the least. `mayPause` false: what gets something goes on with the least at worst. The first in importance gets
 * its least whatever the budget.
 */
export function allocate(
  demands: readonly Demand[],
  budgetBps: number,
  { mayRaise = true, mayPause = true } = {},
): Int8Array {
  const chosen = new Int8Array(demands.length).fill(-1);
  const order = demands.map((_, i) => i).filter((i) => demands[i].options.length > 0);
  order.sort((a, b) => RANK[demands[a].role] - RANK[demands[b].role] || demands[a].order - demands[b].order);
  let left = budgetBps;

  /** Tries to bring demand `i` from what it has been given to `option`. */
  const give = (i: number, option: number): boolean => {
    const { options, current } = demands[i];
    const before = chosen[i] < 0 ? 0 : options[chosen[i]].bps;
    const cost = options[option].bps - before;
    const margin = option > current ? RAISE_MARGIN : 1;
    if (!mayRaise && option > Math.max(current, 0)) return false;
    if (options[option].bps * margin - before > left) return false;
    chosen[i] = option;
    left -= cost;
    return true;
  };

  for (const [place, i] of order.entries()) {
    const kept = place === 0 || (!mayPause && demands[i].current >= 0);
    if (give(i, 0) || !kept) continue;
    chosen[i] = 0;
    left -= demands[i].options[0].bps;
  }
  for (const i of order) {
    if (demands[i].role === 'thumbnail' || chosen[i] < 0) continue;
    while (chosen[i] + 1 < demands[i].options.length && give(i, chosen[i] + 1));
  }
  for (let raised = true; raised; ) {
    raised = false;
    for (const i of order) {
      if (demands[i].role !== 'thumbnail' || chosen[i] < 0 || chosen[i] + 1 >= demands[i].options.length) continue;
      if (give(i, chosen[i] + 1)) raised = true;
    }
  }
  return chosen;
}

/** What all would cost at their best. */
export function wantedBps(demands: readonly Demand[]): number {
  let sum = 0;
  for (const { options } of demands) sum += options.at(-1)?.bps ?? 0;
  return sum;
}

/** What those that get something would cost at their least. */
export function leastBps(demands: readonly Demand[]): number {
  let sum = 0;
  for (const { options, current } of demands) if (current >= 0) sum += options[0]?.bps ?? 0;
  return sum;
}
