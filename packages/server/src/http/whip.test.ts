import { ErrorBody } from '@efir/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { offer, publishing, receiving } from '../testing/offers.js';
import { startTestServer, type TestServer } from '../testing/test-server.js';

let running: TestServer;
beforeEach(async () => {
  running = await startTestServer();
});
afterEach(() => running.close());

const post = (path: string, sdp: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(running.url(path), { method: 'POST', body: sdp, headers: { 'Content-Type': 'application/sdp', ...headers } });
const call = (path: string, method: string): Promise<Response> => fetch(running.url(path), { method });
const code = async (response: Response): Promise<string> => ErrorBody.parse(await response.json()).error.code;
const participants = async (room: string): Promise<number | undefined> => {
  const list = (await (await call('/api/rooms', 'GET')).json()) as { id: string; participants: number }[];
  return list.find(({ id }) => id === room)?.participants;
};

test('a WHIP offer makes the room and a participant, and its session ends once', async () => {
  const response = await post('/whip/stage', publishing());
  expect(response.status).toBe(201);
  expect(response.headers.get('content-type')).toBe('application/sdp');
  expect(response.headers.get('etag')).toMatch(/^"[^"]+"$/);
  const location = response.headers.get('location') ?? '';
  expect(location).toMatch(/^\/whip\/stage\/[A-Za-z0-9_-]{32}$/);
  const answer = await response.text();
  expect(answer).toContain('a=ice-lite');
  expect(answer).toContain('a=recvonly');
  expect(answer).toContain('127.0.0.1 40000 typ host');
  expect(await participants('stage')).toBe(1);
  expect(running.workers.workers[0].transports).toHaveLength(1);

  expect((await call(location, 'DELETE')).status).toBe(200);
  expect((await call(location, 'DELETE')).status).toBe(404);
  expect(await participants('stage')).toBeUndefined();
  expect(running.workers.workers[0].transports).toEqual([]);
});

test('a WHIP publisher is seen by the others under their name, with microphone and camera', async () => {
  const ann = await running.enter('stage', 'Ann');
  const response = await post('/whip/stage?name=Studio%201', publishing());
  const { participant } = await ann.event('participant-joined');
  expect(participant.name).toBe('Studio 1');
  expect(participant.tracks.map(({ source }) => source)).toEqual(['microphone', 'camera']);
  await call(response.headers.get('location') ?? '', 'DELETE');
  expect(await ann.event('participant-left')).toEqual({ participant: participant.id, reason: 'left' });

  await post('/whip/stage', publishing());
  await ann.event('participant-joined', (joined) => joined.participant.name === 'WHIP');
});

test('a WHEP player gets one audio and one video of whoever speaks', async () => {
  await post('/whip/stage', publishing());
  const response = await post('/whep/stage', receiving(1, 1));
  expect(response.status).toBe(201);
  const location = response.headers.get('location') ?? '';
  expect(location).toMatch(/^\/whep\/stage\/[A-Za-z0-9_-]{32}$/);
  const answer = await response.text();
  expect(answer.match(/a=sendonly/g)).toHaveLength(2);
  expect(new Set(answer.match(/a=msid:\S+/g))).toEqual(new Set(['a=msid:stage']));

  const [worker] = running.workers.workers;
  const viewer = worker.transports.find((id) => id.startsWith('viewer-')) ?? '';
  expect(worker.routes(viewer)).toEqual({ 0: { follow: 'speaker' }, 1: { follow: 'speaker' } });
  expect(await participants('stage')).toBe(1);
  expect((await call(location.replace('/whep/', '/whip/'), 'DELETE')).status).toBe(404);
  expect((await call(location, 'DELETE')).status).toBe(200);
  expect(worker.transports).not.toContain(viewer);
});

test('WHEP into a room that is not there is not found', async () => {
  const response = await post('/whep/nowhere', receiving(1, 1));
  expect(response.status).toBe(404);
  expect(response.headers.get('retry-after')).not.toBeNull();
  expect(await participants('nowhere')).toBeUndefined();
});

test('an offer that is garbage, huge, of another type or asks for nothing we have is refused with the reason', async () => {
  await fetch(running.url('/api/rooms/stage'), {
    method: 'PUT',
    body: '{}',
    headers: { 'Content-Type': 'application/json' },
  });
  const noIce = publishing().replace(/a=ice-.*\r\n/g, '');
  const noCodec = publishing({ codecs: { audio: 'G729/8000', video: 'H261/90000' } });
  for (const path of ['/whip/stage', '/whep/stage']) {
    for (const [sdp, status, expected] of [
      ['', 400, 'bad-sdp'],
      ['hello', 400, 'bad-sdp'],
      ['v=0\r\n', 400, 'bad-sdp'],
      [new Uint8Array(2000).fill(0xff), 400, 'bad-sdp'],
      [noIce, 400, 'bad-sdp'],
      [noCodec, 422, 'unsupported'],
      [publishing() + 'a=x:y\r\n'.repeat(20_000), 413, 'too-large'],
    ] as const) {
      const response = await post(path, sdp);
      expect(response.status).toBe(status);
      expect(await code(response)).toBe(expected);
    }
    const json = await post(path, '{}', { 'Content-Type': 'application/json' });
    expect(json.status).toBe(415);
    expect((await fetch(running.url(path), { method: 'POST' })).status).toBe(415);
  }
  expect((await post('/whip/stage', receiving(1, 1))).status).toBe(422);
  expect((await post('/whep/stage', publishing())).status).toBe(422);
  expect((await post('/whip/a%20b', publishing())).status).toBe(400);
  expect((await post(`/whip/stage?name=${'x'.repeat(65)}`, publishing())).status).toBe(400);
  expect(running.workers.workers[0].transports).toEqual([]);
});

test('a bad WHIP offer leaves no room behind', async () => {
  expect((await post('/whip/nowhere', 'hello')).status).toBe(400);
  expect((await post('/whip/nowhere', receiving(1, 0))).status).toBe(422);
  expect(await participants('nowhere')).toBeUndefined();
});

test('pages of other origins may publish and play', async () => {
  const preflight = await call('/whip/stage', 'OPTIONS');
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('accept-post')).toBe('application/sdp');
  expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
  expect(preflight.headers.get('access-control-allow-methods')).toContain('DELETE');
  expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization');
  const response = await post('/whip/stage', publishing(), { Origin: 'https://example.org' });
  expect(response.headers.get('access-control-expose-headers')).toContain('Location');
  expect((await post('/whip/stage', 'hello')).headers.get('access-control-allow-origin')).toBe('*');
});

test('methods that an address does not know get 405 and what it does', async () => {
  const response = await post('/whip/stage', publishing());
  const location = response.headers.get('location') ?? '';
  for (const method of ['PATCH', 'GET', 'PUT', 'POST']) {
    const refused = await call(location, method);
    expect(refused.status).toBe(405);
    expect(refused.headers.get('allow')).toBe('DELETE, OPTIONS');
  }
  expect((await call('/whip/stage', 'GET')).status).toBe(405);
  expect((await call('/whip/stage/unknown', 'PATCH')).status).toBe(404);
  expect((await call('/whip/stage/unknown', 'DELETE')).status).toBe(404);
});

test('a session whose transport fails is cleaned up', async () => {
  const ann = await running.enter('stage', 'Ann');
  const published = await post('/whip/stage', publishing());
  const watched = await post('/whep/stage', receiving(1, 1));
  const [worker] = running.workers.workers;
  for (const transport of worker.transports) {
    running.workers.emit('notice', worker, { type: 'transportState', transport, state: 'failed' });
  }
  expect(await ann.event('participant-left')).toMatchObject({ reason: 'lost' });
  for (const response of [published, watched]) {
    expect((await call(response.headers.get('location') ?? '', 'DELETE')).status).toBe(404);
  }
  expect(worker.transports).toEqual([]);
});

test('the end of a worker is the end of its WHIP and WHEP sessions', async () => {
  const published = await post('/whip/stage', publishing());
  const watched = await post('/whep/stage', receiving(1, 1));
  running.workers.crash(running.workers.workers[0]);
  running.workers.restart(0);
  for (const response of [published, watched]) {
    expect((await call(response.headers.get('location') ?? '', 'DELETE')).status).toBe(404);
  }
  expect(await participants('stage')).toBeUndefined();
  expect((await post('/whip/stage', publishing())).status).toBe(201);
});

test('a full room takes no more publishers', async () => {
  await fetch(running.url('/api/rooms/stage'), {
    method: 'PUT',
    body: JSON.stringify({ maxParticipants: 1 }),
    headers: { 'Content-Type': 'application/json' },
  });
  expect((await post('/whip/stage', publishing())).status).toBe(201);
  const response = await post('/whip/stage', publishing());
  expect(response.status).toBe(503);
  expect(await code(response)).toBe('room-full');
  expect(running.workers.workers[0].transports).toHaveLength(1);
});

test('where tokens are required, they decide who may publish and who may play', async () => {
  await running.close();
  running = await startTestServer({ apiSecret: 'correct-horse', requireTokens: true });
  const token = async (body: object): Promise<Record<string, string>> => {
    const response = await fetch(running.url('/api/rooms/stage/token'), {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', Authorization: 'Bearer correct-horse' },
    });
    return { Authorization: `Bearer ${((await response.json()) as { token: string }).token}` };
  };
  const publisher = await token({ subscribe: false, name: 'Host' });
  const viewer = await token({ publish: false });
  expect((await post('/whip/stage', publishing())).status).toBe(401);
  expect((await post('/whip/stage', publishing(), { Authorization: 'Bearer x.y.z' })).status).toBe(401);
  expect((await post('/whip/stage', publishing(), viewer)).status).toBe(403);
  expect((await post('/whip/other', publishing(), publisher)).status).toBe(403);
  expect((await post('/whip/stage', publishing(), publisher)).status).toBe(201);
  expect((await post('/whep/stage', receiving(1, 1), publisher)).status).toBe(403);
  expect((await post('/whep/stage', receiving(1, 1), viewer)).status).toBe(201);
});

test('a player that offers one section more is served all the same, its first of each kind', async () => {
  await post('/whip/stage', publishing());
  const sdp = offer([
    { kind: 'video', direction: 'recvonly' },
    { kind: 'audio', direction: 'recvonly' },
    { kind: 'video', direction: 'recvonly' },
  ]);
  expect((await post('/whep/stage', sdp)).status).toBe(201);
  const [worker] = running.workers.workers;
  const viewer = worker.transports.find((id) => id.startsWith('viewer-')) ?? '';
  expect(Object.keys(worker.routes(viewer)).sort()).toEqual(['0', '1']);
});
