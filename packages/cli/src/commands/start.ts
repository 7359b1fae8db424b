/** `efir start`: runs the server until it is told to end. */
import { parseArgs } from 'node:util';
import {
  environmentName,
  type Flags,
  flagName,
  loadConfig,
  OPTIONS,
  type Option,
  type RunningServer,
  StartError,
  startServer,
} from '@efir/server';

/** One key press reaches us several times, from the terminal and from npm: what follows this closely is the same one. */
const SAME_SIGNAL_MS = 300;

export const command = {
  name: 'start',
  summary: 'start the server',
  /** Resolves with the exit code. */
  async run(args: string[]): Promise<number> {
    let flags: Flags;
    try {
      flags = parseFlags(args);
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\nefir start --help lists the options.\n`);
      return 2;
    }
    if (flags.help) {
      process.stdout.write(usage());
      return 0;
    }
    return serve(flags);
  },
};

async function serve(flags: Flags): Promise<number> {
  const ending = endOfProcess();
  try {
    const server = await startServer(loadConfig({ flags, environment: process.env }));
    process.stdout.write(welcome(server));
    await ending;
    await server.close();
    return 0;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

/** Resolves at the first SIGINT or SIGTERM; the second one ends the process as it is. */
function endOfProcess(): Promise<void> {
  return new Promise((resolve) => {
    let firstAt: number | null = null;
    const onSignal = (signal: NodeJS.Signals): void => {
      const now = performance.now();
      if (firstAt !== null && now - firstAt < SAME_SIGNAL_MS) return;
      if (firstAt !== null) process.exit(signal === 'SIGINT' ? 130 : 143);
      firstAt = now;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

export function welcome({ url, networkUrls, https, selfSigned }: RunningServer): string {
  const lines = [`Efir is on air. Open ${url}`];
  // A page on plain HTTP gets no camera from another machine.
  if (https && networkUrls.length > 0) lines.push(`In this network: ${networkUrls.join('  ')}`);
  if (selfSigned) lines.push('The certificate was made just now: browsers ask once whether to go on.');
  if (!https && networkUrls.length > 0) lines.push('For cameras on other devices of this network, start with --https.');
  return `${lines.join('\n')}\n`;
}

type FlagTypes = Record<string, { type: 'string' | 'boolean'; multiple?: boolean; short?: string }>;

/** Throws with a sentence for what is not an option. `more`: flags beside those of the server. */
export function parseFlags(args: string[], more: FlagTypes = {}): Flags {
  const options: FlagTypes = {
    ...more,
    help: { type: 'boolean', short: 'h' },
    config: { type: 'string' },
  };
  for (const { key, type } of OPTIONS) {
    options[flagName(key)] = { type: type === 'boolean' ? 'boolean' : 'string', multiple: type === 'list' };
  }
  return parseArgs({ args, options, allowNegative: true }).values as Flags;
}

/** Flag and explanation. */
export function optionRows(options: readonly Option[]): [string, string][] {
  return options.map(({ key, value, type, help }) => {
    const flag = type === 'boolean' && key.includes('.') ? `no-${flagName(key)}` : flagName(key);
    return [`--${flag}${value ? ` <${value}>` : ''}`, help];
  });
}

export function usage(): string {
  const rows = optionRows(OPTIONS);
  rows.unshift(['--config <file>', 'YAML file with any of these, such as "mediaPort: 40000"']);
  rows.push(['--help', 'this text']);
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 2;
  return `Usage: efir start [options]

${rows.map(([flag, help]) => `  ${flag.padEnd(width)}${help}`).join('\n')}

Each option is also a variable, such as ${environmentName('mediaPort')}=40000. Flags go over variables, variables over the file.
`;
}
