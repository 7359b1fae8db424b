import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { freePorts } from './harness/ports.js';
import { until } from './harness/until.js';

const START = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url));

const later: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of later.splice(0)) await close();
});

interface Started {
  child: ChildProcess;
  written(): string;
  ended: Promise<number | null>;
}

/** `npm start -- …`, on ports of its own unless told otherwise. */
async function start(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const defaults = args.includes('--media-port') ? [] : ['--media-port', `${await freePorts()}`];
  const child = spawn(process.execPath, [START, '--workers', '1', ...defaults, ...args], {
    env: { ...process.env, NODE_ENV: '', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  later.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, written: () => text, ended };
}

const answers = (url: string) => async () => (await fetch(`${url}/healthz`)).ok;

test('a second npm start is ready within seconds, says where to look, and ends cleanly on SIGTERM and SIGINT', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const port = await freePorts();
    const begun = performance.now();
    const server = await start(['--port', `${port}`]);
    await until(answers(`http://localhost:${port}`), { within: 60_000, what: 'the server answers' }, server.written);
    expect(performance.now() - begun).toBeLessThan(30_000);
    await until(() => server.written().includes(`:${port}`), { within: 2000, what: 'the address is printed' });
    server.child.kill(signal);
    expect(await server.ended, server.written()).toBe(0);
  }
});

test('a taken port is one sentence with the remedy', async () => {
  const http = createServer().listen(0, '0.0.0.0');
  later.push(() => http.close());
  await once(http, 'listening');
  const { port } = http.address() as { port: number };
  const server = await start(['--port', `${port}`]);
  expect(await server.ended).not.toBe(0);
  expect(server.written()).toMatch(new RegExp(`${port}.*--port`));
  expect(server.written()).not.toMatch(/\n\s+at /);

  const udp = createSocket('udp4').bind(0, '0.0.0.0');
  later.push(() => udp.close());
  await once(udp, 'listening');
  const media = await start(['--port', `${await freePorts()}`, '--media-port', `${udp.address().port}`]);
  expect(await media.ended).not.toBe(0);
  expect(media.written()).toMatch(new RegExp(`${udp.address().port}.*--media-port`));
  expect(media.written()).not.toMatch(/\n\s+at /);
});

test('a wrong option is one sentence that names it', async () => {
  for (const [args, name] of [
    [['--port', 'http'], '--port'],
    [['--announced-ip', 'example.org'], '--announced-ip'],
    [['--colour', 'red'], '--colour'],
    [['--config', '/nowhere/efir.yaml'], '/nowhere/efir.yaml'],
  ] as const) {
    const server = await start([...args]);
    expect(await server.ended).not.toBe(0);
    expect(server.written()).toContain(name);
    expect(server.written()).not.toMatch(/\n\s+at /);
  }
});

test('options come from a YAML file and the environment too, and flags go over them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'efir-'));
  later.push(() => rmSync(folder, { recursive: true }));
  const [inFile, inEnvironment] = [await freePorts(), await freePorts()];
  writeFileSync(join(folder, 'efir.yaml'), `port: ${inFile}\n`);
  const config = join(folder, 'efir.yaml');
  const one = await start(['--config', config]);
  await until(answers(`http://localhost:${inFile}`), { within: 60_000, what: 'the file counts' }, one.written);
  const two = await start(['--config', config], { EFIR_PORT: `${inEnvironment}` });
  await until(
    answers(`http://localhost:${inEnvironment}`),
    { within: 60_000, what: 'the environment counts' },
    two.written,
  );
});

test('--https serves HTTPS with a certificate made at the start', async () => {
  const port = await freePorts();
  const server = await start(['--port', `${port}`, '--https']);
  const status = () =>
    new Promise<number | undefined>((resolve, reject) => {
      get(`https://localhost:${port}/healthz`, { rejectUnauthorized: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
  await until(async () => (await status()) === 200, { within: 60_000, what: 'it answers over TLS' }, server.written);
  await until(() => server.written().includes('https://'), { within: 2000, what: 'an https address is printed' });
});
