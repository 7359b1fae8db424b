/** What came of the allocations, in words. */
import { type Check, ok, problem, warning } from '../check.js';
import { kindOf } from '../media/addresses.js';
import type { TurnOutcome } from './client.js';
import type { TurnUrl } from './url.js';

export interface TurnTrial {
  server: TurnUrl;
  outcome: TurnOutcome;
  /** The credentials: made here from the secret, as the running server gave them, or none. */
  from: 'secret' | 'server' | 'none';
  /** After a 401: credentials that end much later were taken. */
  laterTaken?: boolean;
}

const UNAUTHORIZED = 401;

export function judgeTurn(trial: TurnTrial): Check {
  const { server, outcome } = trial;
  const { url, port, transport } = server;
  const name = 'turn';
  switch (outcome.type) {
    case 'allocated': {
      const { address } = outcome.relayed;
      const farOff =
        kindOf(address) !== 'public' && outcome.mapped !== null && kindOf(outcome.mapped.address) === 'public';
      if (farOff) {
        return warning(
          name,
          `${url} gives out relay addresses like ${address}, which clients cannot reach.`,
          'Set external-ip in turnserver.conf to its public address.',
        );
      }
      return ok(name, `${url} takes our credentials and relays from ${address}.`);
    }
    case 'refused':
      return judgeRefusal(trial, outcome.code, outcome.reason);
    case 'silent':
      return problem(
        name,
        `${url} does not answer by ${transport.toUpperCase()}.`,
        `Let ${transport === 'udp' ? 'UDP' : 'TCP'} in to port ${port} of it, and see that coturn runs.`,
      );
    case 'garbage':
      return problem(name, `What answers at ${url} is no TURN server.`, 'Mend --turn-url.');
    case 'unreachable':
      return unreachable(server, outcome.code);
  }
}

function judgeRefusal({ server, from, laterTaken }: TurnTrial, code: number, reason: string): Check {
  const { url } = server;
  const name = 'turn';
  if (code !== UNAUTHORIZED) {
    return problem(
      name,
      `${url} gives no relay: ${`${code} ${reason}`.trim()}.`,
      'The log of the TURN server says why.',
    );
  }
  if (laterTaken) {
    return problem(
      name,
      `${url} takes our credentials for expired: its clock is ahead of this machine's.`,
      'Set both clocks by NTP, or raise --turn-ttl.',
    );
  }
  switch (from) {
    case 'none':
      return problem(
        name,
        `${url} wants credentials, and there is no TURN secret.`,
        'Give its static-auth-secret as --turn-secret.',
      );
    case 'server':
      return problem(
        name,
        `${url} refuses the credentials that the running server gives out (401): wrong TURN secret, or expired.`,
        "Start the server with TURN's static-auth-secret as --turn-secret, and compare their clocks.",
      );
    case 'secret':
      return problem(
        name,
        `Wrong TURN secret: ${url} refuses credentials made from it (401).`,
        'Make --turn-secret the same as static-auth-secret in turnserver.conf, with use-auth-secret on.',
      );
  }
}

function unreachable({ url, host, transport }: TurnUrl, code: string): Check {
  const name = 'turn';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return problem(name, `The name ${host} of ${url} does not resolve.`, 'Mend --turn-url or the DNS.');
  }
  if (code === 'ECONNREFUSED') {
    return problem(
      name,
      `Nobody listens at ${url} by ${transport.toUpperCase()}.`,
      'Start coturn there, or mend --turn-url.',
    );
  }
  if (transport === 'tls' && /CERT|SELF_SIGNED|ISSUER|EPROTO|SSL|TLS/.test(code)) {
    return problem(
      name,
      `Browsers will not take ${url}: its TLS is not good (${code}).`,
      'Give coturn a certificate of that name with cert and pkey.',
    );
  }
  return problem(name, `${url} cannot be reached (${code}).`, 'Check --turn-url, routes and firewalls.');
}
