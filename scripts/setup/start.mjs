import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildWeb, compile } from './build.mjs';
import { installDependencies } from './dependencies.mjs';
import { buildNative, checkCompiler } from './native.mjs';
import { orExplain } from './progress.mjs';
import { ROOT } from './root.mjs';

/** Sets up and serves. The server takes over this very process: signals and the exit code are its own. */
export async function start(args) {
  await orExplain(async () => {
    await checkCompiler();
    await installDependencies({ all: false });
    await buildNative();
    await compile(['packages/cli', 'apps/web']);
    await buildWeb();
  });
  endWithNpm();
  await become(join(ROOT, 'packages/cli/dist/main.js'), ['start', ...args]);
}

/**
 * npm passes a signal on to the shell it runs us in, and some shells (dash) then end without telling us. So whoever ends
 * `npm start` with a signal would leave a server behind: when the shell is gone, so are we.
 */
function endWithNpm() {
  if (!process.env.npm_lifecycle_event) return;
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  timer.unref();
}

/** Runs a program's main module in this process, as if it had been started itself. */
export async function become(main, args) {
  process.argv = [process.argv[0], main, ...args];
  await import(pathToFileURL(main).href);
}
