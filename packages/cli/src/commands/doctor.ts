import { StartError } from '@efir/server';
import { type Check, exitCode, formatLine, formatSum } from '../doctor/check.js';
import { DoctorUsageError, doctorUsage, parseDoctorOptions } from '../doctor/options.js';
import { runDoctor } from '../doctor/run.js';

/** `efir doctor`: its line in the table of subcommands. */
export const command = {
  name: 'doctor',
  summary: 'look at what usually goes wrong, and say how to mend it',
  /** Resolves with the exit code. */
  async run(args: string[]): Promise<number> {
    let options: ReturnType<typeof parseDoctorOptions>;
    try {
      options = parseDoctorOptions(args, process.env);
    } catch (error) {
      if (!(error instanceof DoctorUsageError || error instanceof StartError)) throw error;
      process.stderr.write(`${error.message}\nefir doctor --help lists the options.\n`);
      return 2;
    }
    if (options === 'help') {
      process.stdout.write(doctorUsage());
      return 0;
    }
    const { json, url } = options;
    const checks: Check[] = [];
    await runDoctor(options, (check) => {
      checks.push(check);
      if (!json) process.stdout.write(`${formatLine(check)}\n`);
    });
    const code = exitCode(checks);
    process.stdout.write(json ? `${JSON.stringify({ url, healthy: code === 0, checks })}\n` : `${formatSum(checks)}\n`);
    return code;
  },
};
