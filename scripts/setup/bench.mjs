import { join } from 'node:path';
import { compile } from './build.mjs';
import { installDependencies } from './dependencies.mjs';
import { buildNative, checkCompiler } from './native.mjs';
import { orExplain } from './progress.mjs';
import { ROOT } from './root.mjs';
import { become } from './start.mjs';

/** Sets up what benchmarks need (no web application) and becomes the benchmark. */
export async function bench(args) {
  await orExplain(async () => {
    await checkCompiler();
    await installDependencies({ all: false });
    await buildNative();
    await compile(['bench']);
  });
  await become(join(ROOT, 'bench/dist/main.js'), args);
}
