import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { type SpawnOptions, type WorkerExit, WorkerProcess } from './process.js';

const script = fileURLToPath(new URL('./testing/tiny-worker.mjs', import.meta.url));
const started: WorkerProcess[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((worker) => worker.close()));
});

async function spawn(mode: string, options: SpawnOptions = {}): Promise<WorkerProcess> {
  const worker = await WorkerProcess.spawn({ index: 2, port: 4321, listen: [mode] }, { script, ...options });
  started.push(worker);
  return worker;
}

const exitOf = (worker: WorkerProcess) => new Promise<WorkerExit>((resolve) => worker.once('exit', resolve));

test('a worker that is ready tells its port, fingerprint and families', async () => {
  const worker = await spawn('plain');
  expect(worker.port).toBe(4321);
  expect(worker.fingerprint).toEqual({ algorithm: 'sha-256', value: 'AA' });
  expect(worker.families).toEqual([4]);
  expect(worker.load).toBeNull();
});

test('a worker that ends at its start is an error with its last words', async () => {
  await expect(spawn('dies at start')).rejects.toMatchObject({
    code: 'start-failed',
    message: /code 3.*port is taken/,
  });
});

test('a worker that never says ready is an error after the time-out', async () => {
  await expect(spawn('silent', { startTimeoutMs: 300 })).rejects.toMatchObject({ code: 'start-failed' });
});

test('a request is answered, or refused with the reason which the worker gave', async () => {
  const worker = await spawn('plain');
  await expect(worker.request({ type: 'openRouter', router: 'r' })).resolves.toEqual({});
  await expect(worker.request({ type: 'closeRouter', router: 'r' })).rejects.toMatchObject({
    code: 'refused',
    reason: 'unknown-router',
    message: 'there is no such router',
  });
});

test('a request without an answer times out', async () => {
  const worker = await spawn('plain', { requestTimeoutMs: 50 });
  await expect(worker.request({ type: 'transportStats', transport: 't' })).rejects.toMatchObject({ code: 'timeout' });
});

test('when the worker is killed its open requests fail and exit is not expected', async () => {
  const worker = await spawn('plain');
  const open = worker.request({ type: 'transportStats', transport: 't' });
  const exited = exitOf(worker);
  worker.request({ type: 'closeTransport', transport: 't' }).catch(() => {});
  await expect(open).rejects.toMatchObject({ code: 'gone' });
  expect(await exited).toEqual({ code: null, signal: 'SIGKILL', expected: false });
  await expect(worker.request({ type: 'openRouter', router: 'r' })).rejects.toMatchObject({ code: 'gone' });
});

test('close asks for a shutdown, and may be called twice', async () => {
  const worker = await spawn('plain');
  const exited = exitOf(worker);
  await Promise.all([worker.close(), worker.close()]);
  expect(await exited).toEqual({ code: 0, signal: null, expected: true });
  await worker.close();
});

test('a worker that does not obey is killed', async () => {
  const worker = await spawn('stubborn');
  const exited = exitOf(worker);
  await worker.close();
  expect((await exited).signal).toBe('SIGKILL');
}, 10_000);

test('its output goes to the logger line by line', async () => {
  const lines: string[] = [];
  let second: () => void;
  const both = new Promise<void>((resolve) => (second = resolve));
  await spawn('plain', {
    log: (line, index) => {
      lines.push(`${index} ${line}`);
      if (lines.length === 2) second();
    },
  });
  await both;
  expect(lines).toEqual(['2 first line', '2 second line']);
});

test.runIf(process.platform === 'linux')('a pinned worker stays on its CPU', async () => {
  const worker = await spawn('plain', { pin: 0 });
  expect(readFileSync(`/proc/${worker.pid}/status`, 'utf8')).toMatch(/Cpus_allowed_list:\s+0\n/);
  await expect(worker.request({ type: 'openRouter', router: 'r' })).resolves.toEqual({});
});
