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
  await become(join(ROOT, 'packages/cli/dist/main.js'), ['start', ...args]);
}

/** Runs a program's main module in this process, as if it had been started itself. */
export async function become(main, args) {
  process.argv = [process.argv[0], main, ...args];
  await import(pathToFileURL(main).href);
}
