/**
 * What a room should run on: a mesh while it is small, the SFU above. With hysteresis: a mesh that is too large is left at
 * once, the SFU only after the room has been one smaller than a mesh may be for a while, so that a room on the edge stays
 * where it is. Times are ms of one clock.
 */
import type { LiveTopology, TopologyReason } from '@efir/protocol';

/** All of a room that the decision looks at. */
export interface RoomShape {
  /** Everybody who is shown in it, the following two included. */
  participants: number;
  /** Clients of the classic rooms protocol: they can be in a mesh only. */
  classic: number;
  /** Those who can't be in a mesh: WHIP, clients that say so, tokens that allow one direction only. */
  sfuOnly: number;
  /** WHEP. */
  viewers: number;
  /** Participants and viewers that are on other nodes; counted above, too. */
  apart: number;
  setting: 'auto' | LiveTopology;
}

export interface Thresholds {
  /** Participants of a mesh at most; 0: no room is a mesh unless it has to be. */
  meshMax: number;
  /** Participants that an SFU is good for; above, an MCU would do better. */
  sfuMax: number;
  /** Participants of a room with a classic client in it at most. */
  classicMax: number;
  /** How long a room on the SFU is small before it is a mesh again. */
  settleMs: number;
}

export interface DecisionInput extends RoomShape {
  current: LiveTopology;
  /** Since when `fitsMesh` holds; null: it does not. */
  fitsSinceMs: number | null;
}

export interface Decision {
  topology: LiveTopology;
  reason: TopologyReason;
  /** When it will be another if nothing changes. */
  changesAtMs: number | null;
}

export function decideTopology(input: DecisionInput, thresholds: Thresholds, now: number): Decision {
  const { participants, current, fitsSinceMs } = input;
  const forced = forcedTopology(input);
  if (forced) return { ...forced, changesAtMs: null };

  const bySize = { reason: 'participants', changesAtMs: null } as const;
  if (participants > thresholds.meshMax) return { topology: 'sfu', ...bySize };
  if (current === 'mesh') return { topology: 'mesh', ...bySize };
  if (fitsSinceMs === null) return { topology: 'sfu', ...bySize };
  const settledAt = fitsSinceMs + thresholds.settleMs;
  if (now >= settledAt) return { topology: 'mesh', ...bySize };
  return { topology: 'sfu', reason: 'participants', changesAtMs: settledAt };
}

/** Small enough to go back to a mesh. */
export function fitsMesh({ participants, sfuOnly, viewers, apart }: RoomShape, { meshMax }: Thresholds): boolean {
  return participants < meshMax && sfuOnly === 0 && viewers === 0 && apart === 0;
}

/** What the size alone asks for. There is no MCU yet: the SFU goes on. */
export function topologyBySize(participants: number, { meshMax, sfuMax }: Thresholds): 'mesh' | 'sfu' | 'mcu' {
  if (participants <= meshMax) return 'mesh';
  return participants <= sfuMax ? 'sfu' : 'mcu';
}

function forcedTopology(shape: RoomShape): { topology: LiveTopology; reason: TopologyReason } | null {
  if (shape.classic > 0) return { topology: 'mesh', reason: 'classic' };
  if (shape.apart > 0) return { topology: 'sfu', reason: 'nodes' };
  if (shape.sfuOnly > 0) return { topology: 'sfu', reason: 'sfu-only' };
  if (shape.viewers > 0) return { topology: 'sfu', reason: 'viewers' };
  if (shape.setting !== 'auto') return { topology: shape.setting, reason: 'setting' };
  return null;
}
