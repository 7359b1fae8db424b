/** The command as a process of its own, with its real workers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Run {
  child: ChildProcess;
  /** All that it wrote so far. */
  text(): string;
  /** Its exit code. */
  ended: Promise<number | null>;
}

const run = (...args: string[]): Run => {
  const child = spawn(process.execPath, [MAIN, 'start', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += chunk;
    });
  }
  return { child, text: () => text, ended: once(child, 'close').then(([code]) => code as number | null) };
};
const started = async (server: Run): Promise<string> => {
  await expect.poll(server.text, { timeout: 15_000, interval: 20 }).toMatch(/Open http:\/\/\S+/);
  return /Open (http:\/\/\S+)/.exec(server.text())?.[1] ?? '';
};
const ONE = ['--port', '0', '--media-port', '0', '--workers', '1', '--host', '127.0.0.1'];

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`it serves with its workers up, and ends cleanly at ${signal}`, { timeout: 20_000 }, async () => {
    const server = run(...ONE);
    const url = await started(server);
    const health = await fetch(`${url}/healthz`);
    expect(await health.json()).toEqual({ status: 'ok', workers: { up: 1, total: 1 } });
    server.child.kill(signal);
    expect(await server.ended).toBe(0);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
}

test('a taken port, and a wrong option, each get one sentence', { timeout: 20_000 }, async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const taken = run(...ONE, '--port', String(port));
  expect(await taken.ended).toBe(1);
  expect(taken.text()).toBe(`Port ${port} is in use: stop the other program or start with --port ${port + 1}.\n`);
  const wrong = run(...ONE, '--media-port', String(port));
  expect(await wrong.ended).toBe(1);
  expect(wrong.text()).toMatch(new RegExp(`^Media port ${port} \\(TCP\\) is in use: .* --media-port \\d+\\.\n$`));
  other.close();
});
