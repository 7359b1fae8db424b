/** Knocks at every address and port of a plan. */
import type { MediaPlan } from './plan.js';
import { type Credentials, type Knock, knock } from './probe.js';

/** At once. */
const PARALLEL = 32;

/**
 * At each address first at the port whose worker has our session, with its credentials; at the other ports by the protocols
 * that got through there, as the rest would only take time.
 */
export async function knockAtAll({ addresses, ports }: MediaPlan, credentials: Credentials | null): Promise<Knock[]> {
  const [first, ...others] = ports;
  if (first === undefined) return [];
  const knocks = await Promise.all(
    addresses.flatMap((address) =>
      (['udp', 'tcp'] as const).map((protocol) => knock({ address, port: first, protocol }, credentials ?? undefined)),
    ),
  );
  const open = knocks.filter(({ outcome }) => outcome === 'answered');
  const targets = open.flatMap(({ address, protocol }) => others.map((port) => ({ address, protocol, port })));
  while (targets.length > 0) {
    knocks.push(...(await Promise.all(targets.splice(0, PARALLEL).map((target) => knock(target)))));
  }
  return knocks;
}
