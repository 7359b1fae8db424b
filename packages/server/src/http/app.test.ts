import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../testing/test-server.js';

let running: TestServer;
let webRoot: string;
const get = (path: string): Promise<Response> => fetch(running.url(path));

beforeAll(async () => {
  webRoot = mkdtempSync(join(tmpdir(), 'efir-web-'));
  mkdirSync(join(webRoot, 'assets'));
  writeFileSync(join(webRoot, 'index.html'), '<!doctype html><title>Efir</title>');
  writeFileSync(join(webRoot, 'assets', 'index-abc123.js'), 'export {};');
  writeFileSync(join(webRoot, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  running = await startTestServer({ webRoot });
});
afterAll(async () => {
  await running.close();
  rmSync(webRoot, { recursive: true });
});

test('health tells how many workers are up', async () => {
  const response = await get('/healthz');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: 'ok', workers: { up: 1, total: 1 } });
});

test('the page is served at its own addresses, always fresh', async () => {
  for (const path of [
    '/',
    '/room/demo',
    '/room/demo?name=Ann',
    '/watch/demo',
    '/watch/demo?playout=broadcast',
    '/admin',
  ]) {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(await response.text()).toContain('Efir');
  }
  expect((await get('/index')).status).toBe(404);
});

test('assets with a hash in their name are kept for a year, missing ones are not the page', async () => {
  const response = await get('/assets/index-abc123.js');
  expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect((await get('/favicon.svg')).status).toBe(200);
  expect((await get('/assets/index-000000.js')).status).toBe(404);
  expect((await get('/assets/..%2f..%2fetc%2fpasswd')).status).toBeGreaterThanOrEqual(400);
});

test('the page may use camera, microphone and screen, and nobody else may frame it or run scripts in it', async () => {
  const { headers } = await get('/');
  expect(headers.get('permissions-policy')).toContain('camera=(self), microphone=(self), display-capture=(self)');
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("connect-src 'self' ws: wss:");
  expect(policy).toContain("object-src 'none'");
  expect(policy).not.toContain('upgrade-insecure-requests');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('x-powered-by')).toBeNull();
});

test('only the player may reach other servers: WHEP redirects it there', async () => {
  const policy = async (path: string) => (await get(path)).headers.get('content-security-policy') ?? '';
  const page = await policy('/');
  expect(await policy('/watch/demo')).toBe(
    page.replace("connect-src 'self' ws: wss:", "connect-src 'self' http: https:"),
  );
  for (const path of ['/admin', '/room/demo', '/watch', '/api/rooms']) expect(await policy(path)).toBe(page);
});

test('metrics tell of requests, rooms and workers', async () => {
  await fetch(running.url('/api/rooms/metered'), {
    method: 'PUT',
    body: '{}',
    headers: { 'Content-Type': 'application/json' },
  });
  running.workers.workers[0].load = {
    cpu: 0.25,
    loop: 0.2,
    rssBytes: 1,
    receiveBps: 8000,
    sendBps: 0,
    receivePps: 1,
    sendPps: 0,
    routers: 1,
    transports: 2,
    producers: 3,
    virtualStreams: 4,
    counters: { srtpAuthFailures: 7, 'stun-errors': 0 },
  };
  for (let i = 0; i < 2; i++) {
    const text = await (await get('/metrics')).text();
    expect(text).toContain('efir_rooms 1');
    expect(text).toContain('efir_http_requests_total{method="PUT",route="/api/rooms/:room",status="201"} 1');
    expect(text).toContain('efir_worker_cpu_ratio{worker="0"} 0.25');
    expect(text).toContain('efir_worker_srtp_auth_failures_total{worker="0"} 7');
    expect(text).toContain('efir_worker_stun_errors_total{worker="0"} 0');
  }
});
