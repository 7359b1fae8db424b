import { expect, test } from 'vitest';
import { exitCode, formatLine, formatSum, ok, problem, warning } from './check.js';
import { judgeClock } from './clock.js';
import { judgeKernelLimits, lookAtKernelLimits } from './kernel-buffers.js';
import { judgeRuntime, lookAtRuntime } from './runtime.js';
import { judgeSecureContext, judgeServer, type ServerAnswer } from './server.js';

const efir: ServerAnswer = { type: 'efir', workers: { up: 2, total: 2 }, dateMs: null, certificateError: null };
const statuses = (checks: { status: string }[]): string[] => checks.map(({ status }) => status);

test('a finding is one line, with the remedy behind it', () => {
  expect(formatLine(ok('a', 'Fine.'))).toBe('ok       Fine.');
  expect(formatLine(problem('a', 'Broken.', 'Mend it.'))).toBe('problem  Broken. → Mend it.');
});

test('problems make the exit code 1, warnings do not', () => {
  const some = [ok('a', ''), warning('b', '', ''), warning('c', '', '')];
  expect(exitCode(some)).toBe(0);
  expect(formatSum(some)).toBe('2 warnings.');
  expect(exitCode([...some, problem('d', '', '')])).toBe(1);
  expect(formatSum([...some, problem('d', '', '')])).toBe('1 problem, 2 warnings.');
  expect(formatSum([ok('a', '')])).toBe('All is well.');
});

test('a Node that is too old, and an addon that does not load, are problems', () => {
  expect(statuses(judgeRuntime({ node: '20.19.0', addonError: null }))).toEqual(['ok', 'ok']);
  expect(statuses(judgeRuntime({ node: '22.0.0', addonError: null }))).toEqual(['ok', 'ok']);
  expect(judgeRuntime({ node: '20.18.9', addonError: 'Run npm rebuild.' })).toMatchObject([
    { status: 'problem', finding: expect.stringContaining('20.18.9') },
    { status: 'problem', remedy: 'Run npm rebuild.' },
  ]);
  expect(lookAtRuntime()).toEqual({ node: process.versions.node, addonError: null });
});

test('kernel buffers below what media asks for are named, with the command', () => {
  const wide = { 'net.core.rmem_max': 4 << 20, 'net.core.wmem_max': 8 << 20 };
  expect(statuses(judgeKernelLimits(wide))).toEqual(['ok']);
  const [check] = judgeKernelLimits({ ...wide, 'net.core.rmem_max': 212_992 });
  expect(check).toMatchObject({ status: 'warning', finding: expect.stringContaining('net.core.rmem_max is 212992') });
  expect(check.remedy).toContain('sysctl -w net.core.rmem_max=4194304`');
});

test('where the kernel does not tell its limits, nothing is said of them', () => {
  const limits = lookAtKernelLimits(() => {
    throw new Error('ENOENT');
  });
  expect(judgeKernelLimits(limits)).toEqual([]);
  expect(lookAtKernelLimits(() => '212992\n')).toEqual({ 'net.core.rmem_max': 212_992, 'net.core.wmem_max': 212_992 });
});

test('clocks that differ are told by how much', () => {
  const now = Date.parse('2026-01-01T12:00:00Z');
  expect(statuses(judgeClock(now + 2_000, now))).toEqual(['ok']);
  expect(judgeClock(now + 20_000, now)).toMatchObject([
    { status: 'warning', finding: expect.stringContaining('20 s ahead of') },
  ]);
  expect(judgeClock(now - 7_200_000, now)).toMatchObject([
    { status: 'problem', finding: expect.stringContaining('2 h behind') },
  ]);
  expect(judgeClock(null, now)).toEqual([]);
});

test('where no server runs, that is said, with what fits the way it failed', () => {
  const none = (code: string, url = 'http://call.example.org:3000') => judgeServer(url, { type: 'none', code })[0];
  expect(none('ECONNREFUSED')).toMatchObject({
    status: 'problem',
    finding: 'No server runs at http://call.example.org:3000 (ECONNREFUSED).',
    remedy: expect.stringContaining('npm start'),
  });
  expect(none('ENOTFOUND').remedy).toContain('DNS');
  expect(none('timeout').remedy).toContain('Let TCP to port 3000 in');
  expect(none('EPROTO', 'https://localhost:3000').remedy).toContain('http://');
  expect(none('ECONNRESET').remedy).toContain('https://call.example.org:3000');
});

test('another program at the URL, and workers that are down, are told', () => {
  expect(judgeServer('http://localhost', { type: 'other', status: 404 })).toMatchObject([
    { status: 'problem', finding: expect.stringContaining('is not Efir') },
  ]);
  expect(statuses(judgeServer('http://localhost', efir))).toEqual(['ok']);
  const workers = (up: number): ServerAnswer => ({ ...efir, workers: { up, total: 2 } });
  expect(judgeServer('http://localhost', workers(1))[0]).toMatchObject({ status: 'warning' });
  expect(judgeServer('http://localhost', workers(0))[0]).toMatchObject({ status: 'problem' });
});

test('plain HTTP is a problem but for this machine itself', () => {
  for (const local of ['http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:3000', 'http://efir.localhost']) {
    expect(statuses(judgeSecureContext(local, efir)), local).toEqual(['ok']);
  }
  for (const far of ['http://192.0.2.1:3000', 'http://call.example.org', 'http://127.example.org']) {
    expect(judgeSecureContext(far, efir), far).toMatchObject([
      { status: 'problem', finding: expect.stringContaining('no camera'), remedy: expect.stringContaining('--https') },
    ]);
  }
});

test('certificates are judged by why they are not trusted', () => {
  const of = (certificateError: string | null) =>
    judgeSecureContext('https://call.example.org', { ...efir, certificateError })[0];
  expect(of(null).status).toBe('ok');
  expect(of('DEPTH_ZERO_SELF_SIGNED_CERT').status).toBe('warning');
  expect(of('CERT_HAS_EXPIRED')).toMatchObject({ status: 'problem', finding: 'The certificate has expired.' });
  expect(of('ERR_TLS_CERT_ALTNAME_INVALID')).toMatchObject({ status: 'problem' });
});
