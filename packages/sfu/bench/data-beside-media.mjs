/**
 * Does data delay media? One publisher, many subscribers, in a process of their own; beside them, over the same worker, rounds
 * without data, with 20 MB from one client to another, and with a client that floods. Prints the delay of forwarded packets,
 * send stamp to arrival. Usage: node bench/data-beside-media.mjs [subscribers] [rounds]
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ClientHub, DelayHistogram, stampUs, Vp8Packetizer, writeSendStamp } from '@efir/sfu';
import { downlink, join, startWorker, uplink } from './worker-stage.mjs';

const subscribers = Number(process.argv[2] ?? 20);
const rounds = Number(process.argv[3] ?? 3);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const FRAME_MS = 33;
const FRAME_BYTES = 6_000;

/** The media clients: a message `measure` is answered with the delays of so many ms. */
async function media() {
  const delays = new DelayHistogram();
  const hub = new ClientHub({ delays });
  let asked = 0;
  const waiting = new Map();
  const request = (body) =>
    new Promise((resolve) => {
      waiting.set(++asked, resolve);
      process.send({ id: asked, body });
    });
  process.on('message', async (message) => {
    if (message.reply) waiting.get(message.reply)();
    if (message.start) await start(message.start);
    if (message.measure) {
      delays.clear();
      await sleep(message.measure);
      const [p50, p99, p999] = [0.5, 0.99, 0.999].map((share) => delays.quantileMs(share));
      process.send({ delays: { packets: delays.count, p50, p99, p999, max: delays.maxUs / 1000 } });
    }
  });
  const start = async (server) => {
    const publisher = await join(hub, request, server, 'pub', [uplink('0', 1001)]);
    for (let i = 0; i < server.subscribers; i++) {
      await join(hub, request, server, `sub${i}`, [downlink('1', 2001)]);
      await request({ type: 'route', transport: `sub${i}`, routes: [{ mid: '1', source: { producer: 'pub/0' } }] });
    }
    const packetizer = new Vp8Packetizer();
    const frame = new Uint8Array(FRAME_BYTES);
    let key = true;
    publisher.on('keyFrame', () => {
      key = true;
    });
    let timestamp = 0;
    setInterval(() => {
      frame.set(key ? [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0, 5, 0xd0, 2] : [0x11, 0, 0]);
      key = false;
      const payloads = packetizer.packetize(frame);
      for (const [i, payload] of payloads.entries()) {
        writeSendStamp(payload, payload.length, stampUs(performance.now()));
        publisher.send('0', payload, { timestamp, marker: i === payloads.length - 1 });
      }
      timestamp += 90 * FRAME_MS;
    }, FRAME_MS);
    process.send({ started: true });
  };
}

async function main() {
  const worker = await startWorker();
  const child = fork(fileURLToPath(import.meta.url), ['media']);
  let answer;
  const said = () => new Promise((resolve) => (answer = resolve));
  child.on('message', async (message) => {
    if (message.body) {
      await worker.request(message.body);
      child.send({ reply: message.id });
    } else answer(message);
  });
  const started = said();
  child.send({ start: { port: worker.port, fingerprint: worker.fingerprint, subscribers } });
  await started;
  const hub = new ClientHub();
  const request = (body) => worker.request(body);
  const ann = await join(hub, request, worker, 'ann', [], 'ann');
  const bob = await join(hub, request, worker, 'bob', [], 'bob');
  let received = 0;
  bob.data.on('message', (_label, _from, payload) => {
    received += payload.length;
  });
  await sleep(1500);

  const measure = async (name, ms, load) => {
    const done = said();
    child.send({ measure: ms });
    const stop = { now: false };
    const loading = load?.(stop);
    const { delays } = await done;
    stop.now = true;
    const extra = await loading;
    console.log(JSON.stringify({ name, ...delays, loop: worker.load.loop, cpu: worker.load.cpu, ...extra }));
    await sleep(500);
  };
  const part = new Uint8Array(16_384);
  const transfer = async () => {
    const began = performance.now();
    received = 0;
    for (let sent = 0; sent < 20_000_000; ) {
      while (sent < 20_000_000 && ann.data.queuedBytes < 262_144) {
        ann.data.send('file', 'bob', part);
        sent += part.length;
      }
      await sleep(1);
    }
    while (received < 20_000_000) await sleep(1);
    const seconds = (performance.now() - began) / 1000;
    return { transferSeconds: Number(seconds.toFixed(2)), mbps: Number((160 / seconds).toFixed(1)) };
  };
  const flood = async (stop) => {
    let messages = 0;
    while (!stop.now) {
      for (; ann.data.queuedBytes < 65_536; messages++) ann.data.send('reliable', null, new Uint8Array(20));
      await sleep(1);
    }
    return { flooded: messages };
  };
  for (let round = 0; round < rounds; round++) {
    await measure('media alone', 3000);
    await measure('with 20 MB', 2500, transfer);
    await measure('with a flood', 3000, flood);
  }
  child.kill();
  hub.close();
  await worker.close();
}

await (process.argv[2] === 'media' ? media() : main());
