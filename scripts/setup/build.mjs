/** TypeScript and the web application. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, say, step } from './progress.mjs';
import { ROOT } from './root.mjs';
import { run } from './run.mjs';
import { digest, dropStamp, readStamp, writeStamp } from './stamp.mjs';

const TSC = 'node_modules/typescript/bin/tsc';
const VITE = 'node_modules/vite/bin/vite.js';

/** Compiles projects and what they refer to; the compiler itself knows what is up to date. `[]`: everything. */
export async function compile(projects = []) {
  const started = Date.now();
  const { code, output } = await run(process.execPath, [TSC, '-b', ...projects]);
  if (code !== 0) throw new SetupError('The TypeScript does not compile: the compiler’s words are above.', output);
  const seconds = (Date.now() - started) / 1000;
  if (seconds > 1.5) say(`Compiled TypeScript in ${seconds.toFixed(1)} s`);
}

/** Bundles apps/web into apps/web/dist, which the server serves. */
export async function buildWeb() {
  const wanted = digest([
    'apps/web',
    'packages/client/src',
    'packages/react/src',
    'packages/protocol/src',
    'package-lock.json',
    'tsconfig.base.json',
  ]);
  if (existsSync(join(ROOT, 'apps/web/dist/index.html')) && readStamp('web') === wanted) return;
  if (!existsSync(join(ROOT, 'apps/web/index.html'))) return;
  await step('Bundling the web application', async () => {
    dropStamp('web');
    const { code, output } = await run(process.execPath, [VITE, 'build', 'apps/web']);
    if (code !== 0) throw new SetupError('The web application does not bundle: Vite’s words are above.', output);
  });
  writeStamp('web', wanted);
}
