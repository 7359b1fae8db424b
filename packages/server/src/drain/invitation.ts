/** Players and encoders of a call on a node that is to end: where they go instead, and what lets them in there. */
import type { Grant, Tokens } from '../auth/tokens.js';
import { Elsewhere } from '../broadcast/arrivals.js';
import type { NodeRecord } from '../cluster/cluster.js';

const TTL_SECONDS = 30;

/** With a token of its own, as the one that they came with stays behind in a redirection, or has expired. */
export async function invitation(tokens: Tokens, room: string, grant: Grant, { url }: NodeRecord): Promise<Elsewhere> {
  const { token } = await tokens.issue(room, { ...grant, ttlSeconds: TTL_SECONDS });
  return new Elsewhere(url, { token });
}
