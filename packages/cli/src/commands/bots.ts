import { BOTS_USAGE, BotsUsageError, parseBotsOptions } from '../bots/options.js';

/** `efir bots`: its line in the table of subcommands. */
export const command = {
  name: 'bots',
  summary: 'fill a room with robots that publish and receive',
  /** Resolves with the exit code. */
  async run(args: string[]): Promise<number> {
    let options: ReturnType<typeof parseBotsOptions>;
    try {
      options = parseBotsOptions(args);
    } catch (error) {
      if (!(error instanceof BotsUsageError)) throw error;
      process.stderr.write(`${error.message}\n\n${BOTS_USAGE}`);
      return 2;
    }
    if (options === 'help') {
      process.stdout.write(BOTS_USAGE);
      return 0;
    }
    // Loaded only now: help must not need the native addon.
    const { runBots } = await import('../bots/run.js');
    const interrupted = new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    });
    const terminal = {
      write: (text: string) => void process.stdout.write(text),
      interactive: process.stdout.isTTY === true,
    };
    return await runBots(options, terminal, interrupted);
  },
};
