/** The doctor as a process of its own, at a real server. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function serve(...args: string[]): Promise<string> {
  const flags = ['--port', '0', '--media-port', '0', '--workers', '1', '--announced-ip', '127.0.0.1', ...args];
  const child = spawn(process.execPath, [MAIN, 'start', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await expect.poll(() => text, { timeout: 15_000, interval: 20 }).toMatch(/Open https?:\/\/\S+/);
  return /Open (https?:\/\/\S+)/.exec(text)?.[1] ?? '';
}

const examine = (...args: string[]): Promise<{ code: number; text: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'doctor', ...args], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, text: stdout + stderr }),
    );
  });

test('over HTTPS with its own certificate it warns of that, and looks at the rest all the same', {
  timeout: 40_000,
}, async () => {
  const url = await serve('--https');
  const { code, text } = await examine('--url', url);
  expect(text).toMatch(/^warning +The certificate is not trusted here/m);
  expect(text).toMatch(/^ok +Signalling over WebSocket works/m);
  expect(text).toMatch(/^ok +127\.0\.0\.1 answers on port \d+ by UDP and TCP/m);
  expect(text).toMatch(/^\d warnings?\.$/m);
  expect(code).toBe(0);
});

test('each finding is one line, and JSON has the same', { timeout: 40_000 }, async () => {
  const url = await serve();
  const [lines, json] = await Promise.all([examine('--url', url), examine('--url', url, '--json')]);
  const { checks, healthy } = JSON.parse(json.text) as { checks: { finding: string }[]; healthy: boolean };
  expect(healthy).toBe(true);
  expect(lines.text.trimEnd().split('\n')).toHaveLength(checks.length + 1);
  for (const { finding } of checks) expect(lines.text).toContain(finding);
});

test('a wrong option is one sentence', async () => {
  expect(await examine('--url', 'nowhere')).toMatchObject({ code: 2, text: expect.stringContaining('--url is') });
  expect(await examine('--colour')).toMatchObject({ code: 2, text: expect.stringContaining('--colour') });
});
