/** `npm test`: set-up, then every check there is, then one line with the sum. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { browsersForTests } from './browser.mjs';
import { buildWeb, compile } from './build.mjs';
import { installDependencies } from './dependencies.mjs';
import { buildNative, checkCompiler } from './native.mjs';
import { orExplain, SetupError, say, step } from './progress.mjs';
import { ROOT } from './root.mjs';
import { run } from './run.mjs';
import { Tally } from './tally.mjs';
import { turnServerForTests } from './turn-server.mjs';

const USAGE = `npm test                    everything
npm test -- lint            format, lint, import directions, file sizes, links in the docs
npm test -- unit [filter]   unit tests (of files whose path contains the filter)
npm test -- e2e [filter]    browser tests against a real server (-t "words of a test's name" works as well)
`;

const PARTS = ['lint', 'unit', 'e2e'];

/** Splits arguments into the parts to run and what goes on to Vitest. */
export function readArguments(args) {
  if (args.includes('--help') || args.includes('-h')) return { help: true };
  if (args.length === 0) return { parts: PARTS, rest: [] };
  const [part, ...rest] = args;
  if (!PARTS.includes(part)) return { unknown: part };
  return { parts: [part], rest };
}

export async function test(args) {
  const { help, unknown, parts, rest } = readArguments(args);
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  if (unknown) {
    process.stderr.write(`There is no part "${unknown}":\n${USAGE}`);
    process.exit(2);
  }
  const tally = new Tally();
  await orExplain(() => runParts(parts, rest, tally));
  process.stdout.write(`\n${tally.line}\n`);
  process.exitCode = tally.failed > 0 ? 1 : 0;
}

async function runParts(parts, rest, tally) {
  const browsers = parts.includes('e2e');
  if (parts.includes('unit') || browsers) await checkCompiler();
  await installDependencies({ all: browsers });
  const env = browsers ? { ...(await browsersForTests()), ...(await turnServerForTests()) } : {};
  if (parts.includes('lint')) {
    await check(tally, 'Format, lint and import directions', 'node_modules/@biomejs/biome/bin/biome', [
      'check',
      '--error-on-warnings',
      '.',
    ]);
    await check(tally, 'File sizes', 'scripts/check-sizes.mjs');
    await check(tally, 'Links in the docs', 'scripts/check-links.mjs');
  }
  if (!parts.includes('unit') && !browsers) return;
  await buildNative();
  try {
    await compile(browsers ? [] : ['packages/cli', 'apps/web', 'bench']);
    tally.check(true);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`${error.details}\n${error.message}\n`);
    tally.check(false);
    return;
  }
  if (parts.includes('unit')) await vitest(tally, 'unit', rest, env);
  if (browsers) {
    await buildWeb();
    await vitest(tally, 'e2e', rest, env);
  }
}

async function check(tally, title, script, args = []) {
  const { code } = await step(title, () => run(process.execPath, [script, ...args], { show: true }));
  if (code !== 0) say(`${title}: failed`);
  tally.check(code === 0);
}

async function vitest(tally, project, rest, env) {
  const file = join(ROOT, '.cache', `${project}.json`);
  rmSync(file, { force: true });
  const reporter = project === 'e2e' ? 'verbose' : 'default';
  const { code } = await run(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project',
      project,
      `--reporter=${reporter}`,
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...rest,
    ],
    { show: true, env: { ...process.env, ...env } },
  );
  tally.vitest(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null, code);
}
