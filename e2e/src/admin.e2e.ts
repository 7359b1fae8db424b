import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { type BrowserPage, launchChromium } from './harness/browsers.js';
import { type ClusterFixture, clusterFixture } from './harness/cluster-fixture.js';
import { type Front, serveFront } from './harness/front.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const TOKEN = 'the-right-admin-token';
const PICTURES = fileURLToPath(new URL('../../test-results/', import.meta.url));

const stage = useStage({}, { viewport: { width: 1280, height: 900 } });
let front: Front;
/** What `/api/cluster` says now; a number: that status instead. */
let cluster: ClusterFixture | number;
let drained: string[];

beforeAll(async () => {
  const { url } = await stage.server();
  front = await serveFront(url, (request, response) => {
    const { method, url: path = '', headers } = request;
    if (!path.startsWith('/api/cluster')) return false;
    const say = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      return true;
    };
    if (headers.authorization !== `Bearer ${TOKEN}`)
      return say(401, { error: { code: 'unauthorized', message: 'not this one' } });
    if (typeof cluster === 'number') return say(cluster, { error: { code: 'unavailable', message: '' } });
    const node = /^\/api\/cluster\/nodes\/([^/]+)\/drain$/.exec(path)?.[1];
    if (!node || method !== 'POST') return say(200, cluster);
    drained.push(decodeURIComponent(node));
    if (node === 'sgp-1') return say(503, { error: { code: 'unavailable', message: 'it does not answer' } });
    const { nodes } = cluster;
    request.on('data', (body) => {
      const { draining } = JSON.parse(String(body));
      for (const one of nodes) if (one.id === node) one.draining = draining;
      say(202, { node, draining });
    });
    return true;
  });
  return () => front.close();
});
beforeEach(() => {
  cluster = clusterFixture();
  drained = [];
});

async function open(): Promise<BrowserPage> {
  const page = await (await stage.browser()).open();
  stage.later(() => page.close());
  await page.goto(`${front.url}/admin`);
  return page;
}

async function signIn(page: BrowserPage, token = TOKEN): Promise<void> {
  await page.fill('input[type="password"]', token);
  await page.click('.token-form button');
}

async function opened(): Promise<BrowserPage> {
  const page = await open();
  await signIn(page);
  await reads(page, 'the map', '.map-node');
  return page;
}

const text = (page: BrowserPage, selector: string) =>
  page.evaluate((css) => [...document.querySelectorAll(css)].map((element) => element.textContent ?? ''), selector);

async function reads(page: BrowserPage, what: string, selector: string, words = ''): Promise<void> {
  await until(
    async () => (await text(page, selector)).some((found) => found.includes(words)),
    { within: 6_000, what: `the page shows ${what}` },
    async () => ({ found: await text(page, selector), console: page.console }),
  );
}

async function picture(page: BrowserPage, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot(`${PICTURES}admin-${name}.png`);
}

const overflow = (page: BrowserPage) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth, undefined);

test('a wrong token is told so, the right one is kept for the tab until it is forgotten', async () => {
  const page = await open();
  await signIn(page, 'some-other-token');
  await reads(page, 'what is wrong', '.field-error', 'doesn’t take this token: not this one');
  await signIn(page);
  await reads(page, 'the map', '.map-node');
  await page.goto(`${front.url}/admin`);
  await reads(page, 'the map again', '.map-node');
  await page.click('.admin-head .button');
  await reads(page, 'the form', '.token-form');
});

test('the map has all nodes, links and their figures, and follows what happens', async () => {
  const page = await opened();
  expect(await text(page, '.map-name')).toHaveLength(7);
  expect(await text(page, '.map-plate text')).toContain('4.2 Mbit/s');
  expect(await text(page, '.map-plate text')).toContain('4.2 Mbit/s · loss 11 %');
  const labels = await page.evaluate(
    () => [...document.querySelectorAll('.map-node')].map((node) => node.getAttribute('aria-label') ?? ''),
    undefined,
  );
  expect(labels.some((label) => label.startsWith('tyo-1, Isolated · reports an absurd load'))).toBe(true);
  expect(labels.some((label) => label.startsWith('nyc-edge-of-the-network-7, Draining'))).toBe(true);
  expect(await text(page, '.totals dd')).toEqual(['7', '3', '313', '12', '2.38 Gbit/s']);
  await picture(page, 'light');
  await page.evaluate(() => localStorage.setItem('efir.theme', 'dark'), undefined);
  await page.goto(`${front.url}/admin`);
  await reads(page, 'the map in the dark', '.map-node');
  await picture(page, 'dark');
  (cluster as ClusterFixture).nodes[0].load!.viewers = 71;
  await reads(page, 'the new figure', '.map-node', '71 of 100');
});

test('a room that is chosen is the only one on the map', async () => {
  const page = await opened();
  await page.click('tr[data-room="standup"] button');
  await reads(page, 'the room', '.only-room', 'standup');
  expect(await text(page, '.map-plate text')).toHaveLength(2);
  await picture(page, 'room');
  await page.click('.only-room button');
  await until(async () => (await text(page, '.map-plate text')).length === 7, { within: 3_000, what: 'all links' });
});

test('a table says the same as the map', async () => {
  const page = await opened();
  await page.click('.segmented label:nth-child(2)');
  await reads(page, 'nodes', 'tr[data-node="tyo-1"]', 'reports an absurd load');
  await reads(page, 'links', '.admin-table caption', 'Links');
  expect(await text(page, '.admin-tables tbody tr')).toHaveLength(14);
  expect(await overflow(page)).toBe(0);
  await picture(page, 'table');
});

test('a node is drained by keyboard, after a question; a failure is told', async () => {
  const page = await opened();
  await page.evaluate(() => {
    const node = document.querySelector<SVGElement>('[data-node="fra-1"]');
    node?.focus();
    node?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
  }, undefined);
  await reads(page, 'the node', '.node-details h2', 'fra-1');
  await page.click('.node-details .button');
  await reads(page, 'the question', '.drain-dialog', '42 people go on at other nodes');
  await picture(page, 'drain');
  await page.click('.drain-actions .button:first-child');
  expect(drained).toEqual([]);
  await page.click('.node-details .button');
  await page.click('.drain-dialog .button-danger');
  await reads(page, 'that it drains', '.admin-told', 'fra-1 drains now');
  await reads(page, 'its state', '.node-details .node-state', 'Draining');
  await page.click('.node-details .button');
  await reads(page, 'that it is used again', '.admin-told', 'fra-1 takes people again');
  await reads(page, 'its state', '.node-details .node-state', 'Takes viewers');
  await page.click('[data-node="sgp-1"]');
  await page.click('.node-details .button');
  await page.click('.drain-dialog .button-danger');
  await reads(page, 'the failure', '.admin-told', 'it does not answer');
  expect(drained).toEqual(['fra-1', 'fra-1', 'sgp-1']);
});

test('Redis out of reach, a server that is silent and one without the view are told', async () => {
  (cluster as ClusterFixture).available = false;
  const page = await opened();
  await reads(page, 'Redis', '.notice', 'Redis can’t be reached');
  cluster = 503;
  await reads(page, 'that figures are old', '.notice', 's old');
  expect(await text(page, '.map-node')).toHaveLength(7);
  cluster = { ...clusterFixture(), links: [], rooms: [] };
  await reads(page, 'that there are no rooms', '.admin-card', 'No rooms at the moment');
  cluster = 404;
  await reads(page, 'how to get it', '.field-error', '--admin-token');
});

test('it fits a phone', async () => {
  const phone = await launchChromium({ viewport: { width: 360, height: 780 } });
  stage.later(() => phone.close());
  const page = await phone.open();
  await page.goto(`${front.url}/admin`);
  await reads(page, 'the form', '.token-form');
  await picture(page, 'phone-door');
  await signIn(page);
  await reads(page, 'the map', '.map-node');
  expect(await overflow(page)).toBe(0);
  await picture(page, 'phone');
  await page.evaluate(() => document.querySelector('.node-details')?.scrollIntoView(), undefined);
  await picture(page, 'phone-details');
  await page.click('.segmented label:nth-child(2)');
  await reads(page, 'the table', '.admin-tables');
  expect(await overflow(page)).toBe(0);
});
