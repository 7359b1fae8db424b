import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { askServer } from './server.js';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  closers.push(() => server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a server of ours tells its workers and its time', async () => {
  const url = await serve((request, response) => {
    expect(request.url).toBe('/healthz');
    response.end('{"status":"ok","workers":{"up":1,"total":2}}');
  });
  const answer = await askServer(url);
  expect(answer).toMatchObject({ type: 'efir', workers: { up: 1, total: 2 }, certificateError: null });
  expect(answer.type === 'efir' && Math.abs((answer.dateMs ?? 0) - Date.now())).toBeLessThan(10_000);
});

test('what is not ours is told as such, whatever it says', async () => {
  for (const body of ['', 'OK', '{}', '{"workers":{"up":"1"}}', '{"workers":{"up":1,"total":1e9}}', 'null']) {
    const url = await serve((_, response) => void response.writeHead(404).end(body));
    expect(await askServer(url), body).toEqual({ type: 'other', status: 404 });
  }
  const endless = await serve((_, response) => {
    const more = (): void => {
      if (response.destroyed) return;
      response.write('x'.repeat(5_000));
      setImmediate(more);
    };
    more();
  });
  expect(await askServer(endless)).toEqual({ type: 'none', code: 'too-large' });
});

test('nobody, TLS where there is none, and garbage have their codes', async () => {
  const garbage = createTcpServer((socket) => socket.end('hello\r\n\r\n')).listen(0, '127.0.0.1');
  closers.push(() => garbage.close());
  await once(garbage, 'listening');
  const { port } = garbage.address() as AddressInfo;
  expect(await askServer(`http://127.0.0.1:${port}`)).toMatchObject({
    type: 'none',
    code: expect.stringMatching(/^HPE_/),
  });
  expect(await askServer(`https://127.0.0.1:${port}`)).toMatchObject({ type: 'none' });
  const gone = createTcpServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const free = (gone.address() as AddressInfo).port;
  gone.close();
  await once(gone, 'close');
  expect(await askServer(`http://127.0.0.1:${free}`)).toEqual({ type: 'none', code: 'ECONNREFUSED' });
});
