/** All the checks, in the order in which things have to be right. Nothing here judges: the other files do. */
import { lookup } from 'node:dns/promises';
import { SignalingError } from '../bots/connection.js';
import { type Check, warning } from './check.js';
import { judgeClock } from './clock.js';
import { judgeKernelLimits, lookAtKernelLimits } from './kernel-buffers.js';
import { kindOf, machineAddresses } from './media/addresses.js';
import { judgeMedia } from './media/judge.js';
import { knockAtAll } from './media/knocks.js';
import { mediaPlan } from './media/plan.js';
import type { DoctorOptions } from './options.js';
import { judgeRuntime, lookAtRuntime } from './runtime.js';
import { askServer, isLocalName, judgeSecureContext, judgeServer } from './server.js';
import { judgeSession, openSession, type Session } from './session.js';
import { judgeTurn, type TurnTrial } from './turn/judge.js';
import { tryTurn } from './turn/trial.js';

/** Calls `onCheck` with each finding as it is there. */
export async function runDoctor({ url, config }: DoctorOptions, onCheck: (check: Check) => void): Promise<void> {
  const tell = (checks: Check[]): void => {
    for (const check of checks) onCheck(check);
  };
  tell(judgeRuntime(lookAtRuntime()));
  const server = await askServer(url);
  tell(judgeServer(url, server));
  tell(judgeSecureContext(url, server));
  const place = await placeOf(url);
  if (place.local) tell(judgeKernelLimits(lookAtKernelLimits()));

  const running = server.type === 'efir' && server.workers.up > 0;
  if (running) tell(judgeClock(server.dateMs, Date.now()));
  const session = running ? await openSession(url, config.apiSecret) : null;
  if (session) tell(judgeSession(session));
  try {
    const open = session instanceof SignalingError ? null : session;
    const trials = await tryTurn(turnServers(config, open));
    if (running) {
      const plan = mediaPlan(config, server.workers.total, open?.candidates ?? null);
      tell(plan.checks);
      const knocks = await knockAtAll(plan, open);
      tell(judgeMedia({ knocks, own: machineAddresses(), ...place, seenAs: seenAs(trials) }));
    }
    tell(turnChecks(config, open, trials));
  } finally {
    if (session && !(session instanceof SignalingError)) await session.close();
  }
}

/** Where the server is: on this machine, at an address that the world reaches. */
async function placeOf(url: string): Promise<{ local: boolean; publicUrl: boolean }> {
  const hostname = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (isLocalName(hostname)) return { local: true, publicUrl: false };
  const addresses = await lookup(hostname, { all: true }).catch(() => []);
  const own = machineAddresses();
  return {
    local: addresses.some(({ address }) => own.includes(address)),
    publicUrl: addresses.some(({ address }) => kindOf(address) === 'public'),
  };
}

function turnServers(config: DoctorOptions['config'], session: Session | null) {
  const { turnUrls: urls, turnSecret: secret, turnTtlSeconds: ttlSeconds } = config;
  if (urls.length > 0) return { urls, secret, ttlSeconds };
  const given = session?.iceServers.find((server) => server.urls.some((one) => /^turns?:/.test(one)));
  if (!given) return { urls: [], secret, ttlSeconds };
  const { username, credential } = given;
  const login = username !== undefined && credential !== undefined ? { username, credential } : undefined;
  return { urls: given.urls, secret: undefined, ttlSeconds, ...(login && { login }) };
}

/** How others see this machine: the TURN servers that are not on it tell. */
function seenAs(trials: readonly TurnTrial[]): string | undefined {
  for (const { outcome } of trials) {
    if (outcome.type === 'allocated' && outcome.mapped && kindOf(outcome.mapped.address) === 'public') {
      return outcome.mapped.address;
    }
  }
  return undefined;
}

function turnChecks(config: DoctorOptions['config'], session: Session | null, trials: TurnTrial[]): Check[] {
  if (trials.length > 0) return trials.map(judgeTurn);
  if (config.turnUrls.length > 0 || session === null) return [];
  return [
    warning(
      'turn',
      'There is no TURN server: some who are behind strict firewalls cannot connect to each other in small calls.',
      'Set one up and name it with --turn-url and --turn-secret, see docs/nat-traversal.md.',
    ),
  ];
}
