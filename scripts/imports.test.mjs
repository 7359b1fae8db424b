import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { ROOT } from './setup/root.mjs';

// Each test starts Biome, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const folders = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Lines `path -> rule` of what Biome, with our configuration, says about a project of these files. */
function findings(files) {
  const folder = mkdtempSync(join(tmpdir(), 'efir-imports-'));
  folders.push(folder);
  copyFileSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { stdout } = spawnSync(
    process.execPath,
    [
      join(ROOT, 'node_modules/@biomejs/biome/bin/biome'),
      'lint',
      '--vcs-enabled=false',
      '--reporter=json',
      '--max-diagnostics=none',
      '.',
    ],
    { cwd: folder, encoding: 'utf8' },
  );
  return JSON.parse(stdout).diagnostics.map((d) => `${d.location.path.file ?? d.location.path} -> ${d.category}`);
}

const RESTRICTED = 'lint/style/noRestrictedImports';

test('imports between packages go down and never up', () => {
  const allowed = {
    rtc: [],
    datapath: [],
    protocol: [],
    sfu: ['rtc', 'datapath'],
    server: ['sfu', 'protocol', 'rtc'],
    client: ['protocol'],
    react: ['client', 'protocol'],
    cli: ['server', 'sfu', 'protocol', 'rtc', 'datapath'],
  };
  const files = {};
  const expected = [];
  for (const [from, targets] of Object.entries(allowed)) {
    for (const to of [...Object.keys(allowed), 'web']) {
      const path = `packages/${from}/src/to-${to}.ts`;
      files[path] = `export { a } from '@efir/${to}';\n`;
      // A package's benchmarks may use it by its name.
      if (to !== from && !targets.includes(to)) expected.push(`${path} -> ${RESTRICTED}`);
    }
  }
  expect(findings(files).sort()).toEqual(expected.sort());
});

test('an import into the inside of a package is refused', () => {
  const found = findings({
    'packages/server/src/deep.ts': "export { a } from '@efir/sfu/dist/worker/control.js';\n",
    'packages/server/src/sideways.ts': "export { a } from '../../sfu/src/index.js';\n",
    'packages/server/src/http/own.ts': "export { a } from '../rooms/room.js';\n",
    'packages/server/bench/own.ts':
      "export { a } from '../dist/index.js';\nexport { b } from '../src/rooms/room.js';\n",
    'packages/server/src/dynamic.ts': "export const a = await import('@efir/cli');\n",
  });
  expect(found.sort()).toEqual([
    `packages/server/src/deep.ts -> ${RESTRICTED}`,
    `packages/server/src/dynamic.ts -> ${RESTRICTED}`,
    `packages/server/src/sideways.ts -> ${RESTRICTED}`,
  ]);
});

test("the protocol parts import nothing of Node's, but their tests may", () => {
  const found = findings({
    'packages/rtc/src/clock.ts': "export { performance } from 'node:perf_hooks';\n",
    'packages/rtc/src/clock.test.ts': "export { performance } from 'node:perf_hooks';\n",
    'packages/sfu/src/clock.ts': "export { performance } from 'node:perf_hooks';\n",
  });
  expect(found).toEqual(['packages/rtc/src/clock.ts -> lint/correctness/noNodejsModules']);
});

test('every package of the house has its import rule', () => {
  const inside = (folder) => readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`);
  const workspaces = [...inside('packages'), ...inside('apps'), 'bench', 'e2e'];
  const files = Object.fromEntries(
    workspaces.map((folder) => [`${folder}/src/x.ts`, "export { a } from '@efir/nobody';\n"]),
  );
  expect(findings(files).sort()).toEqual(
    Object.keys(files)
      .map((path) => `${path} -> ${RESTRICTED}`)
      .sort(),
  );
});
