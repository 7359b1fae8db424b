/** What `efir doctor` is asked to do: the options of `efir start`, and its own. */
import { type Flags, loadConfig, OPTIONS, type ServerConfig } from '@efir/server';
import { optionRows, parseFlags } from '../commands/start.js';

export interface DoctorOptions {
  /** Of the running server, without a slash at the end. */
  url: string;
  config: ServerConfig;
  json: boolean;
}

/** A command line that can't be obeyed; `message` says which part and what it may be. */
export class DoctorUsageError extends Error {
  override readonly name = 'DoctorUsageError';
}

/** Throws `DoctorUsageError`, or `StartError` for options that the server would refuse too. */
export function parseDoctorOptions(args: string[], environment: NodeJS.ProcessEnv): DoctorOptions | 'help' {
  let flags: Flags;
  try {
    flags = parseFlags(args, { url: { type: 'string' }, json: { type: 'boolean' } });
  } catch (error) {
    throw new DoctorUsageError((error as Error).message);
  }
  if (flags.help) return 'help';
  const config = loadConfig({ flags, environment });
  const given = flags.url === undefined ? defaultUrl(config) : String(flags.url);
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    throw new DoctorUsageError(`--url is an http:// or https:// address, not ${given}.`);
  }
  return { url: new URL(given).origin, config, json: flags.json === true };
}

function defaultUrl({ https, host, port }: ServerConfig): string {
  const everywhere = host === undefined || host === '0.0.0.0' || host === '::';
  const name = everywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${https ? 'https' : 'http'}://${name}:${port || 3000}`;
}

/** Options that tell the doctor something. */
const USED = [
  'port',
  'host',
  'mediaPort',
  'announcedIps',
  'https',
  'apiSecret',
  'turnUrls',
  'turnSecret',
  'turnTtlSeconds',
];

export function doctorUsage(): string {
  const rows: [string, string][] = [
    ['--url <url>', 'the running server (default: http://localhost and the port)'],
    ['--json', 'print the findings as JSON'],
    ...optionRows(OPTIONS.filter(({ key }) => USED.includes(key))),
  ];
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 2;
  return `Usage: efir doctor [options]

Looks at what usually goes wrong and says how to mend it. Takes the options, variables and file of \`efir start\`: give it
those that the server was started with. The exit code is 1 if there are problems.

${rows.map(([flag, help]) => `  ${flag.padEnd(width)}${help}`).join('\n')}
`;
}
