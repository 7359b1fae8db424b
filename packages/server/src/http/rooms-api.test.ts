import { ErrorBody, RoomInfo, RoomList, TokenReply } from '@efir/protocol';
import { afterEach, expect, test } from 'vitest';
import type { ServerConfigInput } from '../config/schema.js';
import { startTestServer, type TestServer } from '../testing/test-server.js';

let running: TestServer | null = null;
afterEach(() => running?.close());
const start = async (config?: ServerConfigInput): Promise<TestServer> => {
  running = await startTestServer(config);
  return running;
};

const request = (
  path: string,
  method: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> => {
  const json = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const type: Record<string, string> = json === undefined ? {} : { 'Content-Type': 'application/json' };
  return fetch((running as TestServer).url(path), { method, body: json, headers: { ...type, ...headers } });
};
const error = async (response: Response): Promise<ErrorBody['error']> => ErrorBody.parse(await response.json()).error;

test('a room that is put is made, then changed, then removed', async () => {
  await start();
  const made = await request('/api/rooms/demo', 'PUT', { title: 'Demo' });
  expect(made.status).toBe(201);
  expect(RoomInfo.parse(await made.json())).toMatchObject({
    id: 'demo',
    topology: 'mesh',
    participants: 0,
    settings: { title: 'Demo', topology: 'auto' },
  });
  const changed = await request('/api/rooms/demo', 'PUT', { topology: 'sfu', videoCodecs: ['h264'] });
  expect(changed.status).toBe(200);
  expect((await request('/api/rooms/demo', 'GET')).status).toBe(200);
  expect(RoomList.parse(await (await request('/api/rooms', 'GET')).json()).map(({ id }) => id)).toEqual(['demo']);

  expect((await request('/api/rooms/demo', 'DELETE')).status).toBe(204);
  expect((await request('/api/rooms/demo', 'GET')).status).toBe(404);
  expect((await request('/api/rooms/demo', 'DELETE')).status).toBe(404);
  expect(await (await request('/api/rooms', 'GET')).json()).toEqual([]);
});

test('a topology that is not there yet is refused in so many words', async () => {
  await start();
  const response = await request('/api/rooms/demo', 'PUT', { topology: 'mcu' });
  expect(response.status).toBe(422);
  expect(await error(response)).toEqual({
    code: 'unsupported',
    message: 'topology: mcu is not available yet; use auto, mesh or sfu',
  });
  expect((await request('/api/rooms/demo', 'GET')).status).toBe(404);
});

test('settings that fail their schema are told where', async () => {
  await start();
  for (const [body, path] of [
    [{ topology: 'ring' }, /^topology: /],
    [{ videoCodecs: ['vp8', 'h265'] }, /^videoCodecs\.1: /],
    [{ maxParticipants: 0 }, /^maxParticipants: /],
    [{ colour: 'red' }, /colour/],
    [[], /expected object/],
  ] as const) {
    const response = await request('/api/rooms/demo', 'PUT', body);
    expect(response.status).toBe(400);
    expect(await error(response)).toMatchObject({ code: 'bad-request', message: expect.stringMatching(path) });
  }
});

test('bodies that are no JSON, of another type, too large or oddly encoded are refused', async () => {
  await start();
  const put = (body: string, headers?: Record<string, string>): Promise<Response> =>
    request('/api/rooms/demo', 'PUT', body, headers);
  expect((await put('{"topology"')).status).toBe(400);
  expect((await put('"sfu"')).status).toBe(400);
  expect((await put('{}', { 'Content-Type': 'text/plain' })).status).toBe(415);
  expect((await request('/api/rooms/demo', 'PUT')).status).toBe(415);
  expect((await put(JSON.stringify({ title: 'x'.repeat(20_000) }))).status).toBe(413);
  expect((await put('{}', { 'Content-Encoding': 'x-secret' })).status).toBe(415);
  expect((await put('{}', { 'Content-Type': 'application/json; charset=ebcdic' })).status).toBe(415);
});

test('ids that are no room ids are refused, addresses that are nothing are not found', async () => {
  await start();
  expect((await request('/api/rooms/a%20b', 'GET')).status).toBe(400);
  expect((await request('/api/rooms/a%20b', 'PUT', {})).status).toBe(400);
  expect((await request('/api/rooms/%E0%A4%A', 'PUT', {})).status).toBe(400);
  expect((await request(`/api/rooms/${'x'.repeat(65)}`, 'PUT', {})).status).toBe(400);
  const nothing = await request('/api/nothing', 'GET');
  expect(nothing.status).toBe(404);
  expect((await error(nothing)).code).toBe('not-found');
  const patch = await request('/api/rooms/demo', 'PATCH', {});
  expect(patch.status).toBe(405);
  expect(patch.headers.get('allow')).toBe('GET, HEAD, PUT, DELETE');
});

test('with an API secret, rooms are changed and tokens made only by who has it', async () => {
  await start({ apiSecret: 'correct-horse' });
  const calls: [string, string, unknown?][] = [
    ['/api/rooms/demo', 'PUT', {}],
    ['/api/rooms/demo/token', 'POST', {}],
    ['/api/rooms/demo', 'DELETE'],
  ];
  for (const [path, method, body] of calls) {
    const without = await request(path, method, body);
    expect(without.status).toBe(401);
    expect(without.headers.get('www-authenticate')).toBe('Bearer');
    for (const given of ['wrong', 'correct', 'correct-horse!']) {
      expect((await request(path, method, body, { Authorization: `Bearer ${given}` })).status).toBe(401);
    }
  }
  for (const [path, method, body] of calls) {
    expect((await request(path, method, body, { Authorization: 'Bearer correct-horse' })).ok).toBe(true);
  }
  expect((await request('/api/rooms', 'GET')).status).toBe(200);
});

test('an API secret that no header can carry is refused at the start', async () => {
  await expect(start({ apiSecret: 'correct horse' })).rejects.toThrow('without spaces');
});

test('a token is made with the defaults when nothing is asked for', async () => {
  await start();
  const response = await request('/api/rooms/demo/token', 'POST');
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  const { token, expiresAt } = TokenReply.parse(await response.json());
  expect(token.split('.')).toHaveLength(3);
  expect(expiresAt).toBeGreaterThan(Date.now() + 3_500_000);
  expect((await request('/api/rooms/demo/token', 'POST', { ttlSeconds: 0 })).status).toBe(400);
});

test('an address that asks for too much is told when to come again', async () => {
  await start({ rateLimits: { rooms: 2 } });
  for (const id of ['a', 'b']) expect((await request(`/api/rooms/${id}`, 'PUT', {})).status).toBe(201);
  const limited = await request('/api/rooms/c', 'PUT', {});
  expect(limited.status).toBe(429);
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await error(limited)).toMatchObject({ code: 'rate-limited' });
});

test('behind a proxy that is trusted, its clients are told apart', async () => {
  await start({ rateLimits: { rooms: 1 }, trustProxy: 1 });
  const put = (id: string, address: string): Promise<Response> =>
    request(`/api/rooms/${id}`, 'PUT', {}, { 'X-Forwarded-For': address });
  expect((await put('a', '192.0.2.1')).status).toBe(201);
  expect((await put('b', '192.0.2.2')).status).toBe(201);
  expect((await put('c', '192.0.2.1')).status).toBe(429);
});

test('there are no more rooms than may be', async () => {
  await start({ maxRooms: 1 });
  expect((await request('/api/rooms/a', 'PUT', {})).status).toBe(201);
  const response = await request('/api/rooms/b', 'PUT', {});
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).not.toBeNull();
});
