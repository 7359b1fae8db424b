/** What the knocks at the media ports mean: which address is wrong, which protocol is blocked, which port is shut. */
import { isIPv6 } from 'node:net';
import { type Check, ok, problem, warning } from '../check.js';
import { kindOf } from './addresses.js';
import type { Knock, Outcome } from './probe.js';

export interface MediaView {
  /** Of every address that clients are told of. */
  knocks: readonly Knock[];
  /** Of the machine that the doctor runs on. */
  own: readonly string[];
  /** The server runs on that machine too. */
  local: boolean;
  /** As others see this machine, if anybody has told. */
  seenAs?: string;
  /** The server is to be found by a public name or address. */
  publicUrl: boolean;
}

export function judgeMedia(view: MediaView): Check[] {
  const addresses = [...new Set(view.knocks.map(({ address }) => address))];
  const checks = addresses.map((address) => judgeAddress(address, view));
  if (addresses.length > 0) checks.push(...judgeAudience(addresses, view));
  return checks;
}

function judgeAddress(address: string, view: MediaView): Check {
  const knocks = view.knocks.filter((knock) => knock.address === address);
  const udp = knocks.filter(({ protocol }) => protocol === 'udp');
  const tcp = knocks.filter(({ protocol }) => protocol === 'tcp');
  const { own, local } = view;
  const ports = spellPorts(knocks.map(({ port }) => port));
  const by = (outcome: Outcome, some = knocks): Knock[] => some.filter((knock) => knock.outcome === outcome);

  if (by('answered').length === knocks.length) {
    const from = local ? ', as seen from this machine' : '';
    return ok('media', `${address} answers on ${ports} by UDP and TCP${from}.`);
  }
  const name = 'media';
  if (by('unreachable').length === knocks.length && isIPv6(address) && !own.some(isGlobalV6)) {
    return warning(
      name,
      `${address} was not checked: this machine has no IPv6.`,
      'Run the doctor where there is, or announce IPv4 only.',
    );
  }
  if (by('answered').length === 0 && (by('stranger').length > 0 || by('refused', tcp).length > 0)) {
    const what = by('stranger').length > 0 ? 'Something else than this server answers' : 'Nobody listens';
    return problem(
      name,
      `${what} at ${address}, ${ports}: the announced address is wrong.`,
      announceRemedy(address, view),
    );
  }
  if (by('answered').length === 0) {
    const whose =
      local && !own.includes(address) ? `the announced address ${address}, which is not this machine's` : address;
    return problem(name, `Nothing answers at ${whose}, ${ports}, by UDP or TCP.`, silentRemedy(address, ports, view));
  }
  const shutUdp = udp.filter(({ outcome }) => outcome !== 'answered');
  const shutTcp = tcp.filter(({ outcome }) => outcome !== 'answered');
  if (shutUdp.length === udp.length && shutTcp.length === 0) {
    return problem(
      name,
      `UDP is blocked at ${address}, ${ports}, while TCP gets through: calls go over TCP, with more delay.`,
      `Let UDP in to ${ports}: in the firewall of the machine, of the cloud and of the network.`,
    );
  }
  if (shutUdp.length === 0 && shutTcp.length === tcp.length) {
    return warning(
      name,
      `TCP is blocked at ${address}, ${ports}: who has no UDP gets no call.`,
      `Let TCP in to ${ports} as well.`,
    );
  }
  const shut = [
    ...(shutUdp.length > 0 ? [`UDP ${spellPorts(shutUdp.map(({ port }) => port))}`] : []),
    ...(shutTcp.length > 0 ? [`TCP ${spellPorts(shutTcp.map(({ port }) => port))}`] : []),
  ].join(' and ');
  return problem(
    name,
    `At ${address} some ports don't answer: ${shut}.`,
    'Let in UDP and TCP to one port for each worker.',
  );
}

const isGlobalV6 = (address: string): boolean =>
  isIPv6(address) && kindOf(address) !== 'loopback' && !/^fe[89ab]/i.test(address);

function announceRemedy(address: string, { own, seenAs }: MediaView): string {
  const seen = seenAs !== undefined && seenAs !== address ? `; from outside this machine is ${seenAs}` : '';
  const instead = own.includes(address)
    ? 'Name the address that clients reach'
    : "Name the server's own public address";
  return `${instead} with --announced-ip${seen}.`;
}

function silentRemedy(address: string, ports: string, view: MediaView): string {
  const { own, local, seenAs } = view;
  if (own.includes(address)) return `Let UDP and TCP in to ${ports} in the firewall of this machine.`;
  if (seenAs !== undefined && seenAs !== address && kindOf(seenAs) === 'public') {
    return `The announced address is wrong: from outside this machine is ${seenAs}, so start with --announced-ip ${seenAs}.`;
  }
  const firewall = `let UDP and TCP in to ${ports}`;
  if (!local) return `If the address is not the server's, mend --announced-ip; if it is, ${firewall}.`;
  return (
    `If it is not this server's address, mend --announced-ip; if it is, ${firewall}, or run the doctor from another network` +
    ' with --url: some routers do not lead back inside.'
  );
}

/** Whether anybody else can come to any of the addresses. */
function judgeAudience(addresses: string[], { publicUrl }: MediaView): Check[] {
  const kinds = new Set(addresses.map(kindOf));
  if (kinds.has('public')) return [];
  if (!kinds.has('private')) {
    return [
      warning(
        'announced',
        'Clients are told loopback addresses only: nobody on another machine gets media.',
        'Name the address that they reach with --announced-ip.',
      ),
    ];
  }
  if (!publicUrl) return [ok('announced', 'Clients are told private addresses: good for this network only.')];
  return [
    problem(
      'announced',
      'The page is on a public address, but clients are told private ones for media.',
      'Name the public address with --announced-ip.',
    ),
  ];
}

/** `port 40000`, `ports 40000-40003`, `ports 40000, 40002`. */
export function spellPorts(ports: readonly number[]): string {
  const sorted = [...new Set(ports)].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const port of sorted) {
    const last = runs.at(-1);
    if (last && last[1] === port - 1) last[1] = port;
    else runs.push([port, port]);
  }
  const text = runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
  return `port${sorted.length === 1 ? '' : 's'} ${text}`;
}
