#!/usr/bin/env node
/** The `efir` command: finds the subcommand and runs it. Each is one file in `commands/`, loaded when it is called. */
import { createRequire } from 'node:module';

export interface Command {
  name: string;
  /** One line for the help. */
  summary: string;
  /** Resolves with the exit code. */
  run(args: string[]): Promise<number>;
}

/** In the order of the help. */
const COMMANDS: Record<string, { summary: string; load(): Promise<{ command: Command }> }> = {
  start: { summary: 'start the server', load: () => import('./commands/start.js') },
  doctor: {
    summary: 'look at what usually goes wrong, and say how to mend it',
    load: () => import('./commands/doctor.js'),
  },
  bots: { summary: 'fill a room with robots that publish and receive', load: () => import('./commands/bots.js') },
  drain: {
    summary: 'empty a node of a cluster, to stop it without anybody noticing',
    load: () => import('./commands/drain.js'),
  },
  plan: { summary: 'say how many servers a broadcast takes', load: () => import('./commands/plan.js') },
};

const USAGE = `Usage: efir <command> [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  .join('\n')}

efir <command> --help tells more; efir --version tells the version.
`;

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(USAGE);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!entry) {
    process.stderr.write(`There is no command "${name}".\n\n${USAGE}`);
    return 2;
  }
  const { command } = await entry.load();
  return command.run(args);
}

process.exitCode = await main(process.argv.slice(2));
