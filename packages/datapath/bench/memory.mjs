/** Resident memory per connected peer, ours alone: the other ends live in a child. Usage: node bench/memory.mjs [peers] */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loopbackPath, open } from './pair.mjs';

const peers = Number(process.argv[2] ?? 1000);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const residentKb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);

async function client() {
  const end = open({});
  setInterval(() => end.datapath.tick(), 50);
  process.send({ fingerprint: end.datapath.fingerprint });
  process.on('message', ({ port, fingerprint }) => {
    const { socket, port: own } = end.datapath.openUdp({ address: '127.0.0.1', port: 0 });
    const peer = end.datapath.createPeer();
    end.datapath.selectPath(peer, loopbackPath(port, socket));
    process.send({ port: own }, () => {
      end.datapath.startDtls(peer, { role: 'client', fingerprints: [fingerprint] });
    });
  });
}

async function server() {
  const end = open({});
  const { socket, port } = end.datapath.openUdp({ address: '127.0.0.1', port: 0, receiveBufferBytes: 4 << 20 });
  setInterval(() => end.datapath.tick(), 50);
  const child = fork(fileURLToPath(import.meta.url), ['client']);
  let theirs;
  child.on('message', (message) => {
    if (message.fingerprint) {
      theirs = message.fingerprint;
      return;
    }
    const peer = end.datapath.createPeer();
    end.datapath.selectPath(peer, loopbackPath(message.port, socket));
    end.datapath.addStream(peer, 1);
    end.datapath.addStream(peer, 2);
    end.datapath.startDtls(peer, { role: 'server', fingerprints: [theirs] });
  });
  while (!theirs) await sleep(10);
  const join = async (count) => {
    const before = end.connected;
    for (let i = 0; i < count; i++) child.send({ port, fingerprint: end.datapath.fingerprint });
    while (end.connected < before + count) await sleep(10);
    await sleep(1500);
    global.gc?.();
    await sleep(1500);
  };
  await join(20); // first use of everything
  const before = residentKb();
  const began = process.cpuUsage();
  const start = performance.now();
  await join(peers);
  const after = residentKb();
  const cpu = process.cpuUsage(began);
  console.log(
    JSON.stringify({
      peers,
      beforeKb: before,
      afterKb: after,
      kbPerPeer: Number(((after - before) / peers).toFixed(1)),
      cpuMsPerJoin: Number(((cpu.user + cpu.system) / 1000 / peers).toFixed(2)),
      seconds: Number(((performance.now() - start) / 1000).toFixed(1)),
    }),
  );
  child.kill();
  process.exit(0);
}

await (process.argv[2] === 'client' ? client() : server());
