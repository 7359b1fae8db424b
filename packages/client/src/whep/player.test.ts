import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeWorld } from '../testing/fake-whep.js';
import { type PlayerOptions, type PlayerState, WhepPlayer } from './player.js';

let world: FakeWorld;
let player: WhepPlayer;
let states: string[];
let streams: unknown[];

beforeEach(() => {
  vi.useFakeTimers();
  world = new FakeWorld();
  states = [];
  streams = [];
});
afterEach(() => {
  player.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function watch(options: Partial<PlayerOptions> = {}): void {
  player = new WhepPlayer({ url: 'https://a/whep/demo', ...options });
  player.on('state', ({ state }) => states.push(state.at));
  player.on('stream', ({ stream }) => streams.push(stream));
  player.start();
}
const waiting = () => player.state as Extract<PlayerState, { at: 'waiting' }>;

test('plays a room, and ends the session when it is left', async () => {
  world.up('a');
  watch();
  await pass(500);
  expect(states).toEqual(['connecting', 'playing']);
  expect(streams).toHaveLength(1);
  player.stop();
  expect(world.of('DELETE')).toEqual(['a/whep/demo/s1']);
  expect(world.peers[0]?.connectionState).toBe('closed');
});

test('waits for a room that is not on air yet, as long as the server says', async () => {
  world.refuse('a', 404, 'not-found', { 'retry-after': '2' });
  watch();
  await pass(10);
  expect(waiting()).toMatchObject({ at: 'waiting', why: 'not-on-air' });
  expect(waiting().retryAt - Date.now()).toBeGreaterThan(1_900);
  world.up('a');
  await pass(3_500);
  expect(player.state.at).toBe('playing');
});

test('where there is no place it says when it asks again, or does so at once if told to', async () => {
  world.refuse('a', 503, 'unavailable', { 'retry-after': '30' });
  watch();
  await pass(1_000);
  expect(waiting().why).toBe('no-place');
  expect(world.of('POST')).toHaveLength(1);
  world.up('a');
  player.retry();
  await pass(500);
  expect(player.state.at).toBe('playing');
});

test('a wrong token is the end, until somebody starts it again', async () => {
  world.refuse('a', 401, 'unauthorized');
  watch({ token: 'nonsense' });
  await pass(60_000);
  expect(player.state).toMatchObject({ at: 'refused', error: { code: 'unauthorized' } });
  expect(world.of('POST')).toHaveLength(1);
  world.up('a');
  player.start();
  await pass(500);
  expect(player.state.at).toBe('playing');
});

test('a token that the browser took out of a redirected request is brought there by hand', async () => {
  world.answers.set('a', () => world.from('b', Response.json({}, { status: 401 }), true));
  world.answers.set('b', ({ token }) => {
    if (token !== 'Bearer secret') throw new Error('no token');
    return world.grant('b');
  });
  world.sending.add('b');
  watch({ token: 'secret' });
  await pass(500);
  expect(player.state.at).toBe('playing');
  expect(world.of('POST')).toEqual(['a', 'b']);
});

test('a killed server: media is back from another one within 3 s, and the last picture stays until then', async () => {
  world.up('a', { link: '<https://b/whep/demo>; rel="urn:efir:whep:alternate"' });
  watch();
  await pass(5_000);
  world.down('a');
  world.up('b');
  await pass(500);
  expect(streams).toHaveLength(1);
  await pass(2_500);
  expect(states).toEqual(['connecting', 'playing', 'reconnecting', 'playing']);
  expect(streams).toHaveLength(2);
  expect(world.of('POST')).toEqual(['a', 'b']);
  await pass(2_000);
  expect(world.peers.map((peer) => peer.connectionState)).toEqual(['closed', 'connected']);
});

test('without another server it goes on asking, with longer and longer pauses', async () => {
  world.up('a');
  watch();
  await pass(2_000);
  world.down('a');
  await pass(60_000);
  expect(waiting().why).toBe('unreachable');
  const asked = world.of('POST').length;
  expect(asked).toBeGreaterThan(8);
  expect(asked).toBeLessThan(40);
  world.up('a');
  await pass(12_000);
  expect(player.state.at).toBe('playing');
});

test('a transport that breaks is replaced though the server answers', async () => {
  world.up('a');
  watch();
  await pass(1_000);
  world.peers[0]?.become('disconnected');
  await pass(600);
  expect(states).toEqual(['connecting', 'playing', 'reconnecting', 'playing']);
  await pass(1_500);
  expect(world.of('DELETE')).toEqual(['a/whep/demo/s1']);
});

test('a publisher who is gone and comes back needs no new session', async () => {
  world.up('a');
  watch();
  await pass(1_000);
  world.sending.delete('a');
  await pass(20_000);
  expect(player.state.at).toBe('quiet');
  world.sending.add('a');
  await pass(500);
  expect(player.state.at).toBe('playing');
  expect(world.peers).toHaveLength(1);
});

test('a session that the server has forgotten is made anew', async () => {
  world.up('a');
  watch();
  await pass(1_000);
  world.down('a');
  world.refuse('a', 404, 'not-found');
  await pass(3_000);
  expect(player.state.at).toBe('quiet');
  vi.stubGlobal('fetch', async () => new Response(null, { status: 404 }));
  await pass(4_000);
  expect(waiting()).toMatchObject({ at: 'waiting', why: 'not-on-air' });
});

test('told to move, it changes over at the first picture of the new session', async () => {
  world.up('a', { link: '</whep/demo/s1/events>; rel="urn:efir:whep:events"' });
  world.up('b');
  watch();
  await pass(1_000);
  expect(world.events.map(({ url }) => url)).toEqual(['https://a/whep/demo/s1/events']);
  world.sending.delete('b');
  world.events[0]?.say('move', { url: 'https://b/whep/demo' });
  await pass(1_000);
  expect(streams).toHaveLength(1);
  world.sending.add('b');
  await pass(400);
  expect(streams).toHaveLength(2);
  expect(world.peers[0]?.connectionState).toBe('connected');
  await pass(1_000);
  expect(world.of('DELETE')).toEqual(['a/whep/demo/s1']);
  expect(world.events[0]?.closed).toBe(true);
  expect(new Set(states)).toEqual(new Set(['connecting', 'playing']));
});

test('a move that does not work leaves all as it is', async () => {
  world.up('a');
  watch();
  await pass(1_000);
  const moved: unknown[] = [];
  player.on('moved', (event) => moved.push(event));
  world.deaf.add('b');
  world.up('b');
  const move = player.moveTo('https://b/whep/demo');
  await pass(9_000);
  expect(await move).toBe(false);
  expect(moved).toEqual([{ url: 'https://b/whep/demo', ok: false }]);
  expect(player.state.at).toBe('playing');
  expect(world.of('DELETE')).toEqual(['b/whep/demo/s2']);
});

test('a session that the server ends is made anew, and one that was refused its events asks for them again', async () => {
  world.up('a', { link: '</events>; rel="urn:efir:whep:events"' });
  watch();
  await pass(1_000);
  const [first] = world.events;
  if (first) first.readyState = 2;
  first?.onerror?.();
  await pass(3_500);
  expect(world.events).toHaveLength(2);
  world.events[1]?.say('end', { reason: 'removed' });
  await pass(1_000);
  expect(states).toEqual(['connecting', 'playing', 'reconnecting', 'playing']);
  expect(world.of('POST')).toEqual(['a', 'a']);
});

test('orders that make no sense are not followed', async () => {
  world.up('a', { link: '</events>; rel="urn:efir:whep:events"' });
  watch();
  await pass(1_000);
  for (const data of [null, {}, { url: 7 }, { url: 'javascript:alert(1)' }]) world.events[0]?.say('move', data);
  await pass(1_000);
  expect(world.of('POST')).toEqual(['a']);
  expect(player.state.at).toBe('playing');
});
