/** Candidates of ICE (RFC 8445, RFC 6544): ours as host candidates, the other side's as SDP text. */
import type { HostCandidate } from '../sdp/parameters.js';
import { parseIpAddress } from './address.js';

/** A candidate of the other side. */
export interface RemoteCandidate {
  foundation: string;
  component: number;
  protocol: 'udp' | 'tcp';
  priority: number;
  /** Literal address; candidates with a name (mDNS) are not taken. */
  address: string;
  port: number;
  type: 'host' | 'srflx' | 'prflx' | 'relay';
  tcpType?: 'active' | 'passive' | 'so';
}

const UDP_TYPE_PREFERENCE = 126;
/** TCP below every UDP type but relayed ones, as browsers have it: it is the last resort. */
const TCP_TYPE_PREFERENCE = 90;
/** Direction preference of a passive TCP candidate (RFC 6544 section 4.2). */
const TCP_PASSIVE = 4;
const MAX_LOCAL_PREFERENCE = 65_535;
const MAX_OTHER_PREFERENCE = 8_191;

/**
 * Priority of our host candidate, RFC 8445 section 5.1.2.1: UDP above TCP, then in the order in which they are listed.
 * @param order position in the list of candidates, 0 first
 */
export function hostPriority(protocol: 'udp' | 'tcp', order: number): number {
  const typePreference = protocol === 'udp' ? UDP_TYPE_PREFERENCE : TCP_TYPE_PREFERENCE;
  const localPreference =
    protocol === 'udp'
      ? Math.max(0, MAX_LOCAL_PREFERENCE - order)
      : (TCP_PASSIVE << 13) + Math.max(0, MAX_OTHER_PREFERENCE - order);
  return typePreference * 2 ** 24 + localPreference * 2 ** 8 + 255;
}

/** Priority that a check carries for a peer-reflexive candidate found by it (RFC 8445 section 7.1.1). */
export const PEER_REFLEXIVE_PRIORITY = 110 * 2 ** 24 + MAX_LOCAL_PREFERENCE * 2 ** 8 + 255;

/** The value of our `a=candidate` line, without the name. TCP candidates are passive (RFC 6544). */
export function formatHostCandidate(candidate: HostCandidate, order: number): string {
  const { protocol, address, port } = candidate;
  const line = `${order + 1} 1 ${protocol} ${hostPriority(protocol, order)} ${address} ${port} typ host`;
  return protocol === 'tcp' ? `${line} tcptype passive` : line;
}

/**
 * Reads the value of an `a=candidate` line (RFC 8839 section 5.1), with or without `candidate:` in front.
 * Null for what we can't use: other transports, names instead of addresses, broken lines.
 */
export function parseCandidate(text: string): RemoteCandidate | null {
  if (text.length > 512) return null;
  const fields = text.replace(/^candidate:/, '').split(' ');
  const [foundation, component, transport, priority, address, port, typ, type] = fields;
  if (typ !== 'typ' || !foundation) return null;
  const protocol = transport.toLowerCase();
  if (protocol !== 'udp' && protocol !== 'tcp') return null;
  if (type !== 'host' && type !== 'srflx' && type !== 'prflx' && type !== 'relay') return null;
  const numbers = [Number(component), Number(priority), Number(port)];
  if (!numbers.every((number) => Number.isInteger(number) && number >= 0 && number < 2 ** 32)) return null;
  if (numbers[2] > 65_535 || !parseIpAddress(address)) return null;
  const candidate: RemoteCandidate = {
    foundation,
    component: numbers[0],
    protocol,
    priority: numbers[1],
    address,
    port: numbers[2],
    type,
  };
  const tcpType = fields[fields.indexOf('tcptype', 8) + 1];
  if (protocol === 'tcp') {
    if (fields.indexOf('tcptype', 8) < 0 || (tcpType !== 'active' && tcpType !== 'passive' && tcpType !== 'so')) {
      return null;
    }
    candidate.tcpType = tcpType;
  }
  return candidate;
}
