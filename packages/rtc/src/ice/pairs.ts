/** Candidate pairs of an agent with one local socket: a pair is a remote candidate and what is known of it. */
import { formatIpAddress, parseIpAddress, type TransportAddress } from './address.js';
import { PEER_REFLEXIVE_PRIORITY, type RemoteCandidate } from './candidate.js';

/** Where a packet comes from; UDP if not said otherwise. */
export type IceSender = TransportAddress & { protocol?: 'udp' | 'tcp' };

export interface Pair {
  candidate: RemoteCandidate;
  key: string;
  state: 'waiting' | 'checking' | 'valid' | 'failed';
  /** The other side, controlling, has chosen it. */
  nominatedByPeer: boolean;
}

export const MAX_PAIRS = 32;

/** Pairs of the candidates that we can send to, best first. */
export function makePairs(candidates: readonly RemoteCandidate[]): Pair[] {
  return candidates
    .filter((candidate) => candidate.component === 1 && candidate.tcpType !== 'active')
    .slice(0, MAX_PAIRS)
    .sort((a, b) => b.priority - a.priority)
    .map(newPair);
}

/** Pair of a peer-reflexive candidate: somebody sent from an address that no candidate names (RFC 8445 section 7.3.1.3). */
export function learnedPair({ address, port, protocol = 'udp' }: IceSender): Pair {
  const priority = PEER_REFLEXIVE_PRIORITY;
  return newPair({ foundation: 'prflx', component: 1, protocol, priority, address, port, type: 'prflx' });
}

/** The same for every spelling of an address. */
export function keyOf({ protocol = 'udp', address, port }: IceSender): string {
  const bytes = parseIpAddress(address);
  return `${protocol} ${bytes ? formatIpAddress(bytes) : address} ${port}`;
}

function newPair(candidate: RemoteCandidate): Pair {
  return { candidate, key: keyOf(candidate), state: 'waiting', nominatedByPeer: false };
}
