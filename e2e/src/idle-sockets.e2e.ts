import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { io } from 'socket.io-client';
import { expect, test } from 'vitest';
import type { IdleOrder, IdleReport } from './harness/idle-sockets.js';
import { Server } from './harness/server.js';
import { useStage } from './harness/stage.js';
import { undisturbed } from './harness/undisturbed.js';
import { until } from './harness/until.js';

/** EFIR_IDLE_SOCKETS=10000 for the long run; each takes a file descriptor here and one in the server. */
const COUNT = Number(process.env.EFIR_IDLE_SOCKETS ?? 2_000);
/** Measured: 13 KB. */
const BYTES_PER_SOCKET = 40 * 1024;
const PROGRAM = fileURLToPath(new URL('../dist/harness/idle-sockets.js', import.meta.url));

const stage = useStage();

function hold(order: IdleOrder): { child: ChildProcess; report(): IdleReport } {
  const child = fork(PROGRAM);
  stage.later(() => void child.kill('SIGKILL'));
  let last: IdleReport = { open: 0, refused: 0 };
  child.on('message', (report: IdleReport) => {
    last = report;
  });
  child.send(order);
  return { child, report: () => last };
}

/** ms from asking to enter a room until being in it. */
async function entryMs(url: string): Promise<number> {
  const begun = performance.now();
  const socket = io(`${url}/sfu`, { transports: ['websocket'], forceNew: true, reconnection: false });
  stage.later(() => void socket.disconnect());
  const reply = await new Promise<{ ok: boolean }>((resolve, reject) => {
    socket.once('connect_error', reject);
    socket.once('connect', () =>
      resolve(socket.timeout(10_000).emitWithAck('enter', { room: randomUUID(), name: 'Eve' })),
    );
  });
  expect(reply.ok).toBe(true);
  socket.disconnect();
  return performance.now() - begun;
}

test(`${COUNT} sockets that do nothing cost little memory, and the call next to them goes on`, async () => {
  const server = await stage.server();
  const room = stage.room();
  const people = [await stage.join(room, 'Ann'), await stage.join(room, 'Bob')];
  for (const person of people) await person.sees(1);
  const pid = server.process.pid!;
  const before = Server.residentBytes(pid);

  const begun = performance.now();
  const idle = await undisturbed(people, async () => {
    const held = hold({ port: server.port, count: COUNT, perAddress: 500 });
    await until(() => held.report().open === COUNT, { within: 60_000 + COUNT * 20, what: 'all are open' }, held.report);
    return held;
  });
  const ms = performance.now() - begun;
  const grown = Server.residentBytes(pid) - before;
  const each = (grown / COUNT / 1024).toFixed(1);
  console.log(`${COUNT} idle sockets: ${grown >> 20} MB, ${each} KB each, open after ${(ms / 1000).toFixed(1)} s`);
  expect(grown).toBeLessThan(COUNT * BYTES_PER_SOCKET + (32 << 20));
  expect(await server.metric('efir_signaling_connections', 'classic')).toBe(COUNT);

  // The list of rooms changes and goes to all of them meanwhile.
  await undisturbed(people, async () => expect(await entryMs(server.url)).toBeLessThan(2000));
  expect(idle.report().open).toBe(COUNT);

  idle.child.disconnect();
  await until(async () => (await server.metric('efir_signaling_connections', 'classic')) === 0, {
    within: 30_000,
    what: 'the server has forgotten them',
  });
  for (const person of people) await person.sees(1);
}, 600_000);
