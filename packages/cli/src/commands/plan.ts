import { plan } from '../plan/model.js';
import { PLAN_USAGE, type PlanOptions, PlanUsageError, parsePlanOptions } from '../plan/options.js';
import { formatPlan } from '../plan/report.js';

/** `efir plan`: its line in the table of subcommands. */
export const command = {
  name: 'plan',
  summary: 'say how many servers a broadcast takes',
  /** Resolves with the exit code: 1 if it can't be done so. */
  async run(args: string[]): Promise<number> {
    let options: PlanOptions | 'help';
    try {
      options = parsePlanOptions(args);
    } catch (error) {
      if (!(error instanceof PlanUsageError)) throw error;
      process.stderr.write(`${error.message}\nefir plan --help lists the options.\n`);
      return 2;
    }
    if (options === 'help') {
      process.stdout.write(PLAN_USAGE);
      return 0;
    }
    const made = plan(options.input);
    process.stdout.write(options.json ? `${JSON.stringify(made)}\n` : formatPlan(made));
    return made.problems.length > 0 ? 1 : 0;
  },
};
