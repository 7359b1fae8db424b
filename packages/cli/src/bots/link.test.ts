import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { LinkRelay } from './link.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function socket() {
  const made = createSocket('udp4').bind(0, '127.0.0.1');
  await once(made, 'listening');
  closing.push(() => made.close());
  return made;
}

test('packets pass both ways, later than they were sent', async () => {
  const server = await socket();
  const robot = await socket();
  const relay = await LinkRelay.open({ address: '127.0.0.1', port: server.address().port }, '3mbps', 1);
  closing.push(() => relay.close());
  const startMs = performance.now();
  robot.send('there', relay.port, '127.0.0.1');
  const [there, from] = await once(server, 'message');
  server.send('and back', from.port, '127.0.0.1');
  const [back] = await once(robot, 'message');
  expect([`${there}`, `${back}`]).toEqual(['there', 'and back']);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(49);
});

test('what is more than the link carries is lost', async () => {
  const server = await socket();
  const robot = await socket();
  const relay = await LinkRelay.open({ address: '127.0.0.1', port: server.address().port }, '3g', 1);
  closing.push(() => relay.close());
  let came = 0;
  server.on('message', () => came++);
  // A queue of 300 ms at 780 kbit/s holds about 25 of them.
  for (let i = 0; i < 100; i++) robot.send(Buffer.alloc(1200, i), relay.port, '127.0.0.1');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(came).toBeGreaterThan(10);
  expect(came).toBeLessThan(40);
});
