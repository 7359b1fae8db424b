import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { type BrowserPage, hasFirefox } from './harness/browsers.js';
import { publishFromFfmpeg } from './harness/ffmpeg-publisher.js';
import { type Intercept, serveFront } from './harness/front.js';
import { freePorts } from './harness/ports.js';
import { readStats } from './harness/probe.js';
import { Server } from './harness/server.js';
import { useStage } from './harness/stage.js';
import { publishColour, setLoudness } from './harness/studio.js';
import { until } from './harness/until.js';

const stage = useStage({}, { viewport: { width: 640, height: 360 } });

interface Screen {
  state: string;
  heading: string;
  live: boolean;
  dimmed: boolean;
  width: number;
  time: number;
  muted: boolean;
  tap: boolean;
}

/** Runs in the page: what the player shows. */
function readScreen(): Screen {
  const video = document.querySelector<HTMLVideoElement>('video[data-front]');
  return {
    state: document.querySelector<HTMLElement>('.watch')?.dataset.state ?? '',
    heading: document.querySelector('.watch-notice h1')?.textContent ?? '',
    live: document.querySelector('.watch-live') !== null,
    dimmed: document.querySelector('.watch-screen[data-dim]') !== null,
    width: video?.videoWidth ?? 0,
    time: video?.currentTime ?? 0,
    muted: video?.muted ?? true,
    tap: document.querySelector('.watch-tap') !== null,
  };
}

const screen = (page: BrowserPage) => page.evaluate(readScreen, undefined);

async function watch(url: string, browser?: 'firefox'): Promise<BrowserPage> {
  const page = await (await stage.browser(browser)).open();
  stage.later(() => page.close());
  await page.goto(url);
  return page;
}

async function shows(
  page: BrowserPage,
  what: string,
  is: (screen: Screen) => boolean,
  within = 15_000,
): Promise<Screen> {
  let last: Screen | undefined;
  await until(
    async () => {
      last = await screen(page);
      return is(last);
    },
    { within, what: `the player shows ${what}` },
    () => ({ last, console: page.console }),
  );
  return last as Screen;
}

async function plays(page: BrowserPage, within?: number): Promise<void> {
  const { time } = await shows(page, 'a picture', ({ state, width }) => state === 'playing' && width > 0, within);
  await shows(page, 'moving pictures', (screen) => screen.time > time);
}

/** A page that publishes a colour with a tone, until the test is over or it is told to stop. */
async function publish(url: string, room: string): Promise<() => Promise<unknown>> {
  const page = await (await stage.browser()).open();
  stage.later(() => page.close());
  await page.goto(`${url}/healthz`);
  await page.evaluate(publishColour, { room, colour: 'green' });
  await page.evaluate(setLoudness, 0.5);
  return () => page.evaluate(() => fetch(window.studioLocation, { method: 'DELETE' }).then(() => true), undefined);
}

const front = async (target: string, intercept: Intercept) => {
  const opened = await serveFront(target, intercept);
  stage.later(() => opened.close());
  return opened;
};

/** A server that can tell the player to go elsewhere. */
async function moves(target: string) {
  let events: ServerResponse | undefined;
  const asked: string[] = [];
  const { url } = await front(target, ({ method, url: path = '' }, response) => {
    asked.push(`${method} ${path}`);
    if (method === 'POST') response.setHeader('link', '</events>; rel="urn:efir:whep:events"');
    if (path !== '/events') return false;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.flushHeaders();
    events = response;
    return true;
  });
  /** Resolves when the session here is ended. */
  const to = async (address: string) => {
    await until(() => events, { within: 5_000, what: 'the player listens to events' });
    events?.write(`event: move\ndata: ${JSON.stringify({ url: address })}\n\n`);
    const left = () => asked.some((one) => one.startsWith('DELETE /whep/'));
    await until(left, { within: 8_000, what: 'the session is left' });
  };
  return { url, to };
}

test('the player waits until the room is on air, plays it, and goes on when its publisher is gone and comes back', async () => {
  const { url } = await stage.server();
  const room = stage.room();
  const page = await watch(`${url}/watch/${room}`);
  const early = await shows(page, 'that it waits', ({ state }) => state === 'waiting');
  expect(early).toMatchObject({ heading: 'Not on air yet', live: false });

  const stop = await publish(url, room);
  await plays(page);
  expect(await screen(page)).toMatchObject({ live: true, dimmed: false, muted: false, tap: false, heading: '' });
  const peers = await page.evaluate(() => window.efirPeers.length, undefined);

  await stop();
  const gone = await shows(page, 'that nothing comes', ({ state }) => state === 'quiet');
  expect(gone).toMatchObject({ heading: 'The broadcast is interrupted', dimmed: true, live: false });
  expect(gone.width).toBeGreaterThan(0);

  publishFromFfmpeg(stage, `${url}/whip/${room}`);
  await plays(page, 30_000);
  const { inbound } = await page.evaluate(readStats, undefined);
  expect(inbound.some(({ kind, energy }) => kind === 'audio' && energy > 0)).toBe(true);
  expect(await page.evaluate(() => window.efirPeers.length, undefined)).toBe(peers);
});

test('leaving the page ends the session at once', async () => {
  const { url } = await stage.server();
  const room = stage.room();
  await publish(url, room);
  const page = await watch(`${url}/watch/${room}`);
  await plays(page);
  const sessions = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(/efir_http_media_sessions\{protocol="whep"\} (\d+)/.exec(text)?.[1]);
  };
  const before = await sessions();
  await page.goto('about:blank');
  await until(async () => (await sessions()) === before - 1, { within: 3_000, what: 'the session is over' });
});

test('where the browser plays no sound by itself, a button starts it', async () => {
  const { url } = await stage.server();
  const room = stage.room();
  const page = await watch(`${url}/watch/${room}`);
  await shows(page, 'that it waits', ({ state }) => state === 'waiting');
  // Whatever a test does in a page counts as a touch, so the browser's own policy can't be tried.
  await page.evaluate(refuseSound, undefined);
  await publish(url, room);
  await plays(page);
  await shows(page, 'the button', ({ tap, muted }) => tap && muted);
  await page.click('.watch-tap');
  await shows(page, 'no button', ({ tap, muted }) => !tap && !muted);
  await plays(page);
});

test.skipIf(!hasFirefox)('Firefox plays it, and changes over when it is told to', async () => {
  const { url } = await stage.server();
  const room = stage.room();
  await publish(url, room);
  const moving = await moves(url);
  const page = await watch(`${moving.url}/watch/${room}`, 'firefox');
  await plays(page);
  await moving.to(`${url}/whep/${room}`);
  await plays(page);
  expect(await page.evaluate(() => window.efirPeers.length, undefined)).toBe(2);
});

test('a redirect to another server is followed, and the token comes along', async () => {
  const { url } = await stage.server();
  const room = stage.room();
  await publish(url, room);
  const { token } = await (await fetch(`${url}/api/rooms/${room}/token`, { method: 'POST' })).json();
  const cors = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'Location, Link, Retry-After' };
  const isOffer = (method = '', path = '') => method === 'POST' && path.startsWith('/whep/');
  const second = await front(url, ({ method, url: path, headers }, response) => {
    if (!isOffer(method, path) || headers.authorization === `Bearer ${token}`) return false;
    response.writeHead(401, cors).end();
    return true;
  });
  const first = await front(url, ({ method, url: path }, response) => {
    if (!isOffer(method, path)) return false;
    response.writeHead(307, { ...cors, location: `${second.url}${path}` }).end();
    return true;
  });
  const page = await watch(`${first.url}/watch/${room}?token=${token}`);
  await plays(page);
});

test('told to move, the player changes over without a stop', async () => {
  const { url } = await stage.server();
  const room = stage.room();
  await publish(url, room);
  const moving = await moves(url);
  const page = await watch(`${moving.url}/watch/${room}`);
  await plays(page);
  await page.evaluate(watchPictures, undefined);
  await moving.to(`${url}/whep/${room}`);
  await plays(page);
  const { longest, states, peers } = await page.evaluate(readPictures, undefined);
  expect(states).toEqual(['playing']);
  expect(peers).toBe(2);
  expect(longest).toBeLessThan(process.env.EFIR_TIMED ? 500 : 1_500);
});

test('a server is killed, and the picture goes on from another one within 3 s', async () => {
  const { url } = await stage.server();
  const other = await Server.start();
  stage.later(() => other.stop());
  const room = stage.room();
  for (const at of [url, other.url]) await publish(at, room);
  let target = other.url;
  const placing = await front(url, ({ method, url: path = '' }, response) => {
    if (method !== 'POST' || !path.startsWith('/whep/')) return false;
    response.writeHead(307, { 'access-control-allow-origin': '*', location: `${target}${path}` }).end();
    return true;
  });
  const page = await watch(`${placing.url}/watch/${room}`);
  await plays(page);
  await page.evaluate(watchPictures, undefined);
  target = url;
  await other.stop('SIGKILL');
  await until(async () => (await page.evaluate(readPictures, undefined)).peers === 2, {
    within: 5_000,
    what: 'the player makes another session',
  });
  await plays(page);
  const { longest, states } = await page.evaluate(readPictures, undefined);
  expect(states).toEqual(['playing', 'reconnecting']);
  expect(longest).toBeGreaterThan(500);
  expect(longest).toBeLessThan(3_000);
});

test('a server that is killed and started again is found again, and the last picture stays until then', async () => {
  const ports = { port: await freePorts(), mediaPort: await freePorts() };
  const server = await Server.start(ports);
  stage.later(() => server.stop());
  const room = stage.room();
  publishFromFfmpeg(stage, `${server.url}/whip/${room}`);
  const page = await watch(`${server.url}/watch/${room}`);
  await plays(page, 30_000);
  await server.stop('SIGKILL');
  const lost = await shows(page, 'that it is lost', ({ heading }) => heading !== '', 3_000);
  expect(lost.dimmed).toBe(true);
  expect(lost.width).toBeGreaterThan(0);
  const again = await Server.start(ports);
  stage.later(() => again.stop());
  publishFromFfmpeg(stage, `${again.url}/whip/${room}`);
  await plays(page, 30_000);
});

/** Runs in the page: no sound before a click. */
function refuseSound(): void {
  let touched = false;
  const touch = () => {
    touched = true;
  };
  document.addEventListener('click', touch, true);
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function (this: HTMLMediaElement) {
    if (touched || this.muted) return play.call(this);
    this.pause();
    return Promise.reject(new DOMException('play() failed', 'NotAllowedError'));
  };
}

declare global {
  interface Window {
    efirPictures: { longest: number; last: number; states: Set<string> };
  }
}

/** Runs in the page: begins to measure the longest time without a new picture in front. */
function watchPictures(): void {
  const seen = { longest: 0, last: performance.now(), states: new Set<string>() };
  window.efirPictures = seen;
  const times = new WeakMap<HTMLVideoElement, number>();
  const look = () => {
    const video = document.querySelector<HTMLVideoElement>('video[data-front]');
    seen.states.add(document.querySelector<HTMLElement>('.watch')?.dataset.state ?? '');
    const frames = video?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
    if (video && frames > (times.get(video) ?? 0)) {
      times.set(video, frames);
      seen.longest = Math.max(seen.longest, performance.now() - seen.last);
      seen.last = performance.now();
    }
    setTimeout(look, 10);
  };
  look();
}

function readPictures(): { longest: number; states: string[]; peers: number } {
  const { longest, states } = window.efirPictures;
  return { longest, states: [...states], peers: window.efirPeers.length };
}
