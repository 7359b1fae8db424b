/**
 * What only happens after seconds of silence: a sequence number that wrapped unheard, and SSRCs that give way to new ones.
 * Takes 17 s. Usage: node soak/silence.mjs
 */
import * as L from '@efir/datapath';
import { connect, loopbackPath, open } from '../bench/pair.mjs';

const a = open({});
const b = open({});
const { peers, ports } = await connect(a, b, 1);
const A = a.datapath;
const socket = a.socket;
const heard = [];
b.onRow = (rx, at) => heard.push(`${rx[at + L.RX_SSRC]}:${rx[at + L.RX_SEQUENCE]}`);
const nowhere = new Uint8Array(L.PATH_BYTES);
nowhere[0] = L.FAMILY_TCP;
const streams = new Map();

function send(ssrc, sequence, arrives = true) {
  A.selectPath(peers[0], arrives ? loopbackPath(ports[0], socket) : nowhere);
  if (!streams.has(ssrc)) streams.set(ssrc, A.addStream(peers[0], ssrc));
  const view = new DataView(A.txPrefix.buffer);
  view.setUint32(0, 0x80600000 | (sequence & 0xffff));
  view.setUint32(8, ssrc);
  A.tx.set([streams.get(ssrc), 16, 0, 0, 0, 0, 0, 0]);
  A.flush(1);
}
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function expectHeard(wanted, what) {
  await sleep(100);
  const got = heard.splice(0).join(' ');
  if (got !== wanted) {
    console.error(`silence: ${what}: heard "${got}", not "${wanted}"`);
    process.exit(1);
  }
  console.log(`${what}: ${wanted || 'nothing'}`);
}

send(1, 10_000);
for (const sequence of [40_000, 65_536 + 5000]) send(1, sequence, false);
send(1, 65_536 + 15_000);
await expectHeard('1:10000', 'a wrap not heard, at once');
await sleep(5100);
send(1, 65_536 + 20_000);
send(1, 65_536 + 20_001);
await expectHeard('1:20000 1:20001', 'the same after five seconds');

for (let ssrc = 2; ssrc <= 66; ssrc++) send(ssrc, 1);
await expectHeard(Array.from({ length: 63 }, (_, i) => `${i + 2}:1`).join(' '), '64 SSRCs, and no more');
await sleep(10_100);
send(2, 2);
send(100, 1);
send(101, 1);
await expectHeard('2:2 100:1 101:1', 'after ten seconds the silent ones give way');
send(1, 65_536 + 20_002);
await expectHeard('1:20002', 'one of them comes back and goes on');
const { srtpReplays, srtpAuthFailures, ssrcLimitHits } = b.datapath.stats();
console.log({ srtpReplays, srtpAuthFailures, ssrcLimitHits });
process.exit(0);
