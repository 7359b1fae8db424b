import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import type { ServerConfigInput } from './config/schema.js';
import { type RunningServer, startServer } from './server.js';
import { FakeWorkers } from './testing/fake-workers.js';

const running: RunningServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});
const start = async (config: ServerConfigInput): Promise<RunningServer> => {
  const server = await startServer(
    { port: 0, ...config },
    { workers: new FakeWorkers(), log: pino({ level: 'silent' }) },
  );
  running.push(server);
  return server;
};

test('a taken port is told in one sentence with the remedy', async () => {
  const other = createServer().listen(0);
  const { port } = other.address() as AddressInfo;
  await expect(start({ port })).rejects.toMatchObject({
    code: 'port-in-use',
    message: `Port ${port} is in use: stop the other program or start with --port ${port + 1}.`,
  });
  other.close();
});

test('a configuration that is wrong is refused before anything is opened', async () => {
  await expect(start({ workers: 0 })).rejects.toMatchObject({ code: 'bad-config', message: 'workers: is at least 1' });
  await expect(start({ host: '192.0.2.1' })).rejects.toMatchObject({ message: expect.stringContaining('--host') });
});

test('a request that comes while the workers start waits for them', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');

  let ready: (workers: FakeWorkers) => void = () => {};
  const workers = new Promise<FakeWorkers>((resolve) => {
    ready = resolve;
  });
  const starting = startServer({ port, host: '127.0.0.1' }, { workers, log: pino({ level: 'silent' }) });
  const health = (): Promise<Response> => fetch(`http://127.0.0.1:${port}/healthz`);
  const early = expect.poll(() => health().then(({ status }) => status)).toBe(200);
  // The port is open once a connection is.
  await expect
    .poll(() => new Promise((resolve) => connect(port, '127.0.0.1', () => resolve('open')).once('error', resolve)))
    .toBe('open');
  ready(new FakeWorkers());
  running.push(await starting);
  await early;
  expect((await health()).status).toBe(200);
});

test('the address to open is localhost, unless the server listens on one address only', async () => {
  const everywhere = await start({});
  expect(everywhere.url).toBe(`http://localhost:${everywhere.port}`);
  const one = await start({ host: '127.0.0.1' });
  expect(one.url).toBe(`http://127.0.0.1:${one.port}`);
  expect(one.networkUrls).toEqual([]);
});

test('with HTTPS a certificate is made that is good for localhost and every address of the machine', async () => {
  const server = await start({ https: true, announcedIps: ['203.0.113.7'] });
  expect(server).toMatchObject({ https: true, selfSigned: true, url: `https://localhost:${server.port}` });
  const socket = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false });
  const certificate = await new Promise<X509Certificate>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('secureConnect', () => resolve(new X509Certificate(socket.getPeerCertificate().raw)));
  });
  socket.destroy();
  expect(certificate.checkHost('localhost')).toBe('localhost');
  for (const ip of ['127.0.0.1', '203.0.113.7', ...server.networkUrls.map((url) => new URL(url).hostname)]) {
    expect(certificate.checkIP(ip.replace(/[[\]]/g, ''))).toBeDefined();
  }
});

test('a certificate that cannot be used is named', async () => {
  await expect(start({ tlsCert: '/nonexistent.pem', tlsKey: '/nonexistent.pem' })).rejects.toMatchObject({
    code: 'bad-certificate',
    message: 'The file /nonexistent.pem cannot be read: check --tls-cert.',
  });
  const path = join(tmpdir(), `efir-no-certificate-${process.pid}.pem`);
  writeFileSync(path, 'no certificate');
  await expect(start({ tlsCert: path, tlsKey: path })).rejects.toMatchObject({ code: 'bad-certificate' });
});

test('closing waits for nobody: idle and half-sent requests are cut', async () => {
  const server = await start({ host: '127.0.0.1' });
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    'POST /whip/demo HTTP/1.1\r\nHost: x\r\nContent-Type: application/sdp\r\nContent-Length: 100\r\n\r\nv=0',
  );
  await new Promise((resolve) => socket.once('connect', resolve));
  const ended = new Promise((resolve) => socket.once('close', resolve));
  await server.close();
  await ended;
  await server.close();
});
