/** Whether two clocks agree: tokens and TURN credentials are good until a time of day. */
import { type Check, ok, problem, warning } from './check.js';

/** The `Date` header has whole seconds, and the way here takes a while. */
const TOLERANCE_MS = 5_000;
/** From here on credentials that should be good are not. */
const SERIOUS_MS = 60_000;

/** @param serverMs by the server's `Date` header, ms since the epoch; null if it has none */
export function judgeClock(serverMs: number | null, ownMs: number): Check[] {
  if (serverMs === null || Number.isNaN(serverMs)) return [];
  const ahead = serverMs - ownMs;
  if (Math.abs(ahead) < TOLERANCE_MS) return [ok('clock', "This machine's clock and the server's agree.")];
  const finding = `The server's clock is ${spell(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} this machine's.`;
  const remedy = 'Set both by NTP (`timedatectl set-ntp true`): tokens and TURN credentials end by the clock.';
  return [(Math.abs(ahead) < SERIOUS_MS ? warning : problem)('clock', finding, remedy)];
}

function spell(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
