/** What a simulated broadcast shows. */
import type { Delays } from './timeline.js';

export interface Death {
  atMs: number;
  home: boolean;
  viewers: number;
  children: number;
  moves: number;
  /** Until those under it have pictures again, ms. */
  backMs: number;
}

/** Each second. */
export interface CascadeSample {
  atMs: number;
  /** See pictures. */
  watching: number;
  /** Want to and don't: on their way, or cut off. */
  waiting: number;
  /** In the tree. */
  nodes: number;
  depth: number;
  /** Viewers of a node: of those that are up. */
  least: number;
  mean: number;
  most: number;
}

export interface CascadeRun {
  samples: CascadeSample[];
  deaths: Death[];
  /** People who were told to try again later. */
  refused: number;
  /** Sent to a node that was full or gone when they came. */
  bounced: number;
  placed: number;
  moves: number;
  deepest: number;
  mostLinks: number;
  /** From wanting to the first picture. */
  join: Delays;
  /** Of those whose node died: from its death to the next picture. */
  rejoin: Delays;
}
