/** Players and encoders of a call on a node that is to end: where they go instead, and what lets them in there. */
import type { Grant } from '../auth/grant.js';
import type { Tokens } from '../auth/tokens.js';
import { Elsewhere } from '../broadcast/arrivals.js';
import type { NodeRecord } from '../cluster/cluster.js';

/** As the token that they came with stays behind in a redirection, or has expired. */
export async function invitation(
  tokens: Tokens,
  room: string,
  grant: Grant,
  { id, url }: NodeRecord,
): Promise<Elsewhere> {
  return new Elsewhere(url, { token: await tokens.invitations.issue(room, grant, id) });
}
