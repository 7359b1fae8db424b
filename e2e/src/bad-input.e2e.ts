import { io, type Socket } from 'socket.io-client';
import { expect, test } from 'vitest';
import type { BrowserPage } from './harness/browsers.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const stage = useStage();

async function post(path: string, body: string, type = 'application/sdp') {
  const server = await stage.server();
  const response = await server.request(path, { method: 'POST', body, headers: { 'content-type': type } });
  const text = await response.text();
  let error: { code?: string; message?: string } = {};
  try {
    error = JSON.parse(text).error ?? {};
  } catch {
    // Not JSON: the test will say so.
  }
  return { status: response.status, ...error };
}

test('an offer that cannot be used is refused with its reason', async () => {
  const room = stage.room();
  await (await stage.server()).putRoom(room, {});
  const good = await offerOf(await openPage());
  const cases: [string, string, number, RegExp][] = [
    ['nothing', '', 400, /./],
    ['garbage', 'hello, this is not SDP', 400, /./],
    ['a session without media', 'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n', 400, /./],
    ['more than 64 KB', `${good}a=x:${'y'.repeat(70_000)}\r\n`, 413, /65|64|large|long/i],
    ['no fingerprint', good.replace(/a=fingerprint.*\r\n/g, ''), 400, /fingerprint/i],
    ['no ICE', good.replace(/a=ice-(ufrag|pwd).*\r\n/g, ''), 400, /ice/i],
    ['no rtcp-mux', good.replace(/a=rtcp-mux\r\n/g, ''), 400, /rtcp-mux/i],
    [
      'only codecs that nobody here has',
      good.replace(/(a=rtpmap:\d+) [\w-]+\/90000/g, '$1 H261/90000'),
      422,
      /codec|support|nothing/i,
    ],
  ];
  for (const [what, sdp, status, reason] of cases) {
    for (const door of ['whip', 'whep']) {
      const answer = await post(`/${door}/${room}`, sdp);
      expect(answer.message, `${door} with ${what}`).toMatch(reason);
      expect(answer.status, `${door} with ${what}`).toBe(status);
    }
  }
  expect((await post(`/whip/${room}`, good, 'text/html')).status).toBe(415);
});

test('an unknown room or session is not found', async () => {
  const server = await stage.server();
  expect((await server.request('/api/rooms/nobody-was-here')).status).toBe(404);
  for (const door of ['whip', 'whep']) {
    const gone = await server.request(`/${door}/nobody-was-here/AAAAAAAAAAAAAAAAAAAAAA`, { method: 'DELETE' });
    expect(gone.status).toBe(404);
  }
  expect((await server.request('/api/nothing')).status).toBe(404);
});

test('room settings outside their schema, and topologies that are not here yet, are refused with a reason', async () => {
  const server = await stage.server();
  const put = async (json: unknown) => {
    const response = await server.request('/api/rooms/settings', { method: 'PUT', json });
    return { status: response.status, text: await response.text() };
  };
  for (const topology of ['mesh', 'sfu', 'auto']) expect((await put({ topology })).status).toBeLessThan(300);
  const { status, text } = await put({ topology: 'mcu' });
  expect(status).toBe(422);
  expect(text).toContain('mcu');
  for (const bad of [{ topology: 'ring' }, { videoCodecs: [] }, { maxParticipants: -1 }, { colour: 'red' }, [], 'x']) {
    expect((await put(bad)).status, JSON.stringify(bad)).toBe(400);
  }
  expect((await server.request('/api/rooms/not%20a%20name', { method: 'PUT', json: {} })).status).toBe(400);
  const broken = await server.request('/api/rooms/settings', {
    method: 'PUT',
    body: '{',
    headers: { 'content-type': 'application/json' },
  });
  expect(broken.status).toBe(400);
});

async function connect(): Promise<Socket> {
  const socket = io(`${(await stage.server()).url}/sfu`, { transports: ['websocket'], reconnection: false });
  stage.later(() => void socket.disconnect());
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('connect_error', reject);
  });
  return socket;
}

test('a signalling message that fails its schema is an error to its sender and nothing else', async () => {
  const room = stage.room();
  const good = await connect();
  const seen: string[] = [];
  good.onAny((event) => seen.push(event));
  const entered = await good.timeout(5000).emitWithAck('enter', { room, name: 'Good' });
  expect(entered.ok).toBe(true);
  const bad = await connect();
  const messages: [string, unknown][] = [
    ['enter', null],
    ['enter', 'room'],
    ['enter', {}],
    ['enter', { room: 'no spaces please', name: 'x' }],
    ['enter', { room, name: 'x'.repeat(65) }],
    ['enter', { room, name: 'x', extra: true }],
    ['enter', { room, name: { toString: 'x' } }],
    ['offer', { sdp: 'v=0' }],
    ['mute', { source: 'nose', muted: 1 }],
    ['nothing-like-this', {}],
  ];
  for (const [event, payload] of messages) {
    const reply = await bad
      .timeout(2000)
      .emitWithAck(event, payload)
      .catch(() => ({ ok: false, error: { code: 'no-answer' } }));
    expect(reply.ok, `${event} ${JSON.stringify(payload)}`).toBe(false);
    // An unknown event may go unanswered; the ones that exist say what is wrong.
    if (event !== 'nothing-like-this') expect(reply.error, event).toMatchObject({ message: expect.any(String) });
  }
  expect(bad.connected).toBe(true);
  const late = await bad.timeout(5000).emitWithAck('enter', { room, name: 'Late' });
  expect(late.ok).toBe(true);
  for (const sdp of ['garbage', 'v=0\r\n', `v=0\r\n${'a=x\r\n'.repeat(14_000)}`]) {
    const reply = await bad.timeout(5000).emitWithAck('offer', { sdp });
    expect(reply).toMatchObject({ ok: false, error: { message: expect.any(String) } });
  }
  expect(late.participants).toHaveLength(2);
  await until(() => seen.includes('participant-joined'), { within: 2000, what: 'the other one hears of the late one' });
  expect(seen.filter((event) => event !== 'streams')).toEqual(['participant-joined']);
  expect(await (await stage.server()).healthy()).toBe(true);
});

/** Gives the page a peer connection that wants video; returns its offer. */
async function offerOf(page: BrowserPage): Promise<string> {
  await page.goto(`${(await stage.server()).url}/healthz`);
  return page.evaluate(async () => {
    const peer = new RTCPeerConnection();
    peer.addTransceiver('video', { direction: 'recvonly' });
    await peer.setLocalDescription();
    return peer.localDescription!.sdp;
  }, undefined);
}

/** Takes the answer and waits until the connection is up or has failed. */
async function outcome(page: BrowserPage, answer: string): Promise<string> {
  await page.evaluate((sdp) => window.efirPeers[0].setRemoteDescription({ type: 'answer', sdp }), answer);
  return until(
    async () => {
      const state = await page.evaluate(() => window.efirPeers[0].connectionState, undefined);
      return state === 'connected' || state === 'failed' ? state : null;
    },
    { within: 30_000, what: 'the connection is up or has failed' },
  );
}

async function openPage(): Promise<BrowserPage> {
  const page = await (await stage.browser()).open();
  stage.later(() => page.close());
  return page;
}

test('a client whose certificate is not the one of its fingerprint is not let in, and is told why', async () => {
  const page = await openPage();
  const offer = await offerOf(page);
  const wrong = offer.replace(/(a=fingerprint:sha-256 )(..)/g, (_, name, byte) => name + (byte === '00' ? '11' : '00'));

  const socket = await connect();
  let reason = '';
  socket.on('media-restart', (event) => {
    reason = event.reason;
  });
  await socket.timeout(5000).emitWithAck('enter', { room: stage.room(), name: 'Eve' });
  const reply = await socket.timeout(5000).emitWithAck('offer', { sdp: wrong });
  expect(reply.ok).toBe(true);
  expect(await outcome(page, reply.sdp)).toBe('failed');
  await until(
    () => /fingerprint/i.test(reason),
    { within: 5000, what: 'the reason names the fingerprint' },
    () => reason,
  );
});

test('a client with a wrong ICE password never gets a path', async () => {
  const page = await openPage();
  const offer = await offerOf(page);
  const socket = await connect();
  await socket.timeout(5000).emitWithAck('enter', { room: stage.room(), name: 'Eve' });
  const reply = await socket.timeout(5000).emitWithAck('offer', { sdp: offer });
  const refused = await (await stage.server()).metric('efir_worker_stun_refused_total');
  expect(await outcome(page, reply.sdp.replace(/(a=ice-pwd:)..../g, '$1AAAA'))).toBe('failed');
  const server = await stage.server();
  await until(async () => (await server.metric('efir_worker_stun_refused_total')) > refused, {
    within: 5000,
    what: 'refused checks are counted',
  });
});
