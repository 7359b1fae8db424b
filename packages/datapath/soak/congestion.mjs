/**
 * A link slower than what is sent, in a network namespace of its own (root and `tc` needed): what the kernel won't take
 * waits in the bounded backlog, in order, and beyond that is dropped and counted. Usage: node soak/congestion.mjs
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as L from '@efir/datapath';
import { connect, open } from '../bench/pair.mjs';

if (process.argv[2] !== 'inside') {
  const script = `ip link set lo up && tc qdisc add dev lo root tbf rate 200mbit burst 100k limit 8M &&
    exec "${process.execPath}" "${fileURLToPath(import.meta.url)}" inside`;
  const { status } = spawnSync('unshare', ['-n', 'sh', '-c', script], { stdio: 'inherit' });
  process.exit(status ?? 1);
}

function fail(message) {
  console.error(`congestion: ${message}`);
  process.exit(1);
}

for (const portable of [false, true]) {
  const a = open({ portable });
  const b = open({ portable });
  const { peers } = await connect(a, b, 1, 4 << 20);
  const A = a.datapath;
  const stream = A.addStream(peers[0], 7);
  const sequences = [];
  b.onRow = (rx, at) => sequences.push(rx[at + L.RX_SEQUENCE]);
  const stun = new Uint8Array(1200);
  stun.set([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
  A.injectTcp(1, stun);
  A.receive();
  const packet = A.rx[L.RX_PACKET];
  const ROWS = 5000;
  for (let i = 0; i < ROWS; i++) {
    const view = new DataView(A.txPrefix.buffer, i * L.TX_PREFIX_BYTES);
    view.setUint32(0, 0x80600000 | i);
    view.setUint32(8, 7);
    A.tx.set([stream, 12, packet, 0, 1100, 0, 0, 0], i * L.TX_STRIDE);
  }
  const before = A.stats().txPackets;
  A.flush(ROWS);
  const stats = A.stats();
  const queued = ROWS - stats.txBacklogDrops - (stats.txPackets - before);
  console.log({ portable, sentAtOnce: stats.txPackets - before, queued, dropped: stats.txBacklogDrops });
  if (queued < 1000 || queued * 1100 > 2.2e6) fail('the backlog is not what it should be');
  if (stats.txBacklogDrops === 0) fail('nothing was dropped');
  const wanted = ROWS - stats.txBacklogDrops;
  const end = performance.now() + 10_000;
  while (sequences.length < wanted && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
  if (sequences.length !== wanted) fail(`${sequences.length} arrived of ${wanted}`);
  if (sequences.some((sequence, i) => sequence !== i)) fail('out of order');
  // Writable again: straight to the kernel.
  new DataView(A.txPrefix.buffer).setUint16(2, 6000);
  A.flush(1);
  if (A.stats().txPackets !== before + wanted + 1) fail('the backlog did not end');
  A.close();
  b.datapath.close();
}
console.log('congestion: as it should be');
