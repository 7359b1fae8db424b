import type { IncomingMessage } from 'node:http';

/** Express' compiled `trust proxy` setting: is the hop at this distance believed? */
export type TrustProxy = (address: string, hop: number) => boolean;

/** The nearest address that is not a believed proxy, as Express' `req.ip` has it, for requests that don't pass through Express. */
export function clientAddress(request: IncomingMessage, trust: TrustProxy): string {
  let address = request.socket.remoteAddress ?? '';
  const forwarded = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((hop) => hop.trim())
    .filter((hop) => hop !== '')
    .reverse();
  for (const [hop, before] of forwarded.entries()) {
    if (!trust(address, hop)) break;
    address = before;
  }
  return address;
}
