/** Resident memory of a worker per subscriber, without and with data channels. Usage: node bench/data-memory.mjs [subscribers] */
import { readFileSync } from 'node:fs';
import { ClientHub } from '@efir/sfu';
import { downlink, join, startWorker } from './worker-stage.mjs';

const subscribers = Number(process.argv[2] ?? 300);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const residentKb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

for (const data of [false, true]) {
  const worker = await startWorker();
  const hub = new ClientHub();
  const request = (body) => worker.request(body);
  const add = async (from, to) => {
    for (let at = from; at < to; at += 10) {
      const names = Array.from({ length: Math.min(10, to - at) }, (_, i) => `s${at + i}`);
      await Promise.all(
        names.map((name) => join(hub, request, worker, name, [downlink('0', 11), downlink('1', 21)], data && name)),
      );
    }
    await sleep(3000);
  };
  await add(0, 20);
  const before = residentKb(worker.pid);
  await add(20, 20 + subscribers);
  const after = residentKb(worker.pid);
  const kbEach = Number(((after - before) / subscribers).toFixed(1));
  console.log(JSON.stringify({ data, subscribers, beforeKb: before, afterKb: after, kbEach }));
  hub.close();
  await worker.close();
}
