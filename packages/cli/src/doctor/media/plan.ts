/** Which addresses and ports to knock at. */

import type { RemoteCandidate } from '@efir/rtc';
import type { ServerConfig } from '@efir/server';
import { type Check, warning } from '../check.js';
import { kindOf } from './addresses.js';

export interface MediaPlan {
  addresses: string[];
  /** The one whose worker has our session comes first. */
  ports: number[];
  /** What is remarkable about the plan itself. */
  checks: Check[];
}

type Wanted = Pick<ServerConfig, 'mediaPort' | 'announcedIps'>;

/** @param candidates of the server's answer; null if none was to be had: then what the options announce must do */
export function mediaPlan(
  { mediaPort, announcedIps }: Wanted,
  workers: number,
  candidates: readonly RemoteCandidate[] | null,
): MediaPlan {
  const range = Array.from({ length: workers }, (_, i) => mediaPort + i);
  if (candidates === null) {
    return { addresses: [...announcedIps], ports: mediaPort === 0 ? [] : range, checks: [] };
  }
  const checks: Check[] = [];
  const addresses = distant(candidates.map(({ address }) => address));
  const forgotten = announcedIps.filter((address) => !addresses.includes(address));
  if (forgotten.length > 0) {
    checks.push(
      warning(
        'announced',
        `The running server does not announce ${forgotten.join(', ')}, as the options here say.`,
        'Start it again with the same --announced-ip.',
      ),
    );
  }
  const port = candidates[0]?.port;
  if (port === undefined) return { addresses, ports: [], checks };
  const others = range.includes(port) ? range.filter((one) => one !== port) : [];
  if (workers > 1 && others.length === 0) {
    checks.push(
      warning(
        'media',
        `The server's media ports are not those of the options here: port ${port} alone was checked.`,
        'Give the doctor the --media-port of the server.',
      ),
    );
  }
  return { addresses, ports: [port, ...others], checks };
}

/** Loopback addresses are told to clients on the same machine beside the others; they count if there are no others. */
function distant(addresses: readonly string[]): string[] {
  const all = [...new Set(addresses)];
  const others = all.filter((address) => kindOf(address) !== 'loopback');
  return others.length > 0 ? others : all;
}
