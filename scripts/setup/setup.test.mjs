import { expect, test } from 'vitest';
import { findBrowser } from './browser.mjs';
import { compilerComplaint, nodeHeaders } from './compiler.mjs';
import { explainNpm } from './dependencies.mjs';
import { explainNative } from './native.mjs';
import { nodeComplaint } from './node-version.mjs';
import { Tally } from './tally.mjs';
import { readArguments } from './test.mjs';

const oneSentence = (text) => {
  expect(text).not.toContain('\n');
  expect(text.trim().endsWith('.')).toBe(true);
  return text;
};

test('Node older than 20.19 gets one sentence with the remedy, a newer one gets none', () => {
  expect(nodeComplaint('v20.19.0', 'linux')).toBeNull();
  expect(nodeComplaint('v22.0.0', 'linux')).toBeNull();
  expect(nodeComplaint('v26.1.3', 'linux')).toBeNull();
  expect(oneSentence(nodeComplaint('v20.18.9', 'linux'))).toMatch(/20\.19\.0 .* Node 20\.18\.9: install/);
  expect(oneSentence(nodeComplaint('v18.20.4', 'darwin'))).toContain('brew install');
});

test('a missing compiler is named together with the command that installs it', async () => {
  const debian = (path) => path === '/etc/debian_version';
  const nothing = async () => false;
  const all = oneSentence(await compilerComplaint('linux', nothing, debian));
  expect(all).toContain('a C++ compiler, make and Python 3 are missing');
  expect(all).toContain('`apt-get install build-essential python3`');
  const noCompiler = await compilerComplaint('darwin', async (p) => p === 'make' || p === 'python3', debian);
  expect(noCompiler).toContain('a C++ compiler is missing: install with `xcode-select --install`');
  const clang = async (p) => ['clang++', 'make', 'python3'].includes(p);
  expect(await compilerComplaint('linux', clang, debian)).toBeNull();
});

test("Node's headers are used from beside its binary where they lie there", () => {
  expect(nodeHeaders('/opt/node/bin/node', (path) => path === '/opt/node/include/node/node_api.h')).toBe('/opt/node');
  expect(nodeHeaders('/usr/bin/node', () => false)).toBeNull();
});

test('failures of npm and of the compilation become one sentence each', () => {
  expect(oneSentence(explainNpm('npm error code ENOTFOUND\nnpm error network request failed'))).toContain('registry');
  expect(oneSentence(explainNpm('`npm ci` can only install packages when your package.json and …'))).toContain('lock');
  expect(oneSentence(explainNpm('npm error code ENOSPC'))).toContain('disk');
  expect(oneSentence(explainNpm('something else'))).toContain('above');
  expect(oneSentence(explainNative('fatal error: openssl/ssl.h: No such file or directory'))).toContain('libssl-dev');
  expect(oneSentence(explainNative('gyp ERR! stack FetchError: request to …'))).toContain('headers');
  expect(oneSentence(explainNative('error: expected ;'))).toContain('above');
});

test('browsers are found on the path, in their usual places, or by the environment', () => {
  expect(findBrowser('chromium', { EFIR_CHROMIUM: '/my/chrome', PATH: '/usr/bin' }, () => true)).toBe('/my/chrome');
  expect(findBrowser('chromium', { PATH: '/a:/b' }, (path) => path === '/b/google-chrome')).toBe('/b/google-chrome');
  expect(findBrowser('firefox', { PATH: '/a' }, () => false)).toBeNull();
});

test('the sum counts tests of all projects, files that do not load, and runs that fail by themselves', () => {
  const report = { numPassedTests: 5, numFailedTests: 1, numPendingTests: 1, numTodoTests: 1, testResults: [] };
  const tally = new Tally();
  tally.check(true);
  tally.vitest(report, 1);
  expect(tally.line).toBe('6 passed, 1 failed, 2 skipped');
  tally.vitest({ ...report, numFailedTests: 0, testResults: [{ status: 'failed', assertionResults: [] }] }, 1);
  expect(tally.failed).toBe(2);
  tally.vitest(null, 1);
  tally.vitest({ ...report, numFailedTests: 0 }, 1);
  expect(tally.failed).toBe(4);
  expect(new Tally().line).toBe('0 passed, 0 failed');
});

test('a part of the tests is run by its name, and an unknown part is refused', () => {
  expect(readArguments([]).parts).toEqual(['lint', 'unit', 'e2e']);
  expect(readArguments(['unit'])).toEqual({ parts: ['unit'], rest: [] });
  expect(readArguments(['e2e', 'whip', '-t', 'plays'])).toEqual({ parts: ['e2e'], rest: ['whip', '-t', 'plays'] });
  expect(readArguments(['nonsense'])).toEqual({ unknown: 'nonsense' });
});
