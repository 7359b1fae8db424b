/** CPU per packet of `flush()` beside the plain way. Usage: node bench/flush-cost.mjs [receivers] [burst] [bytes] [profile] */
import * as L from '@efir/datapath';
import { connect, drain, open } from './pair.mjs';

const receivers = Number(process.argv[2] ?? 500);
const burst = Number(process.argv[3] ?? 4);
const bytes = Number(process.argv[4] ?? 1200);
const profile = process.argv[5] ?? 'AEAD_AES_128_GCM';
const ROUNDS = 8;
const REPEATS = Math.max(5, Math.ceil(400_000 / (receivers * burst * ROUNDS)));

const a = open({ srtpProfiles: [profile] });
const b = open({ srtpProfiles: [profile] });
const { peers, ports } = await connect(a, b, receivers);
const A = a.datapath;
const streams = peers.map((peer, i) => A.addStream(peer, 0x10000000 + i));
// Payload: packets that came over a peer's own transport would do; a STUN packet's bytes in a slot do as well.
const stun = new Uint8Array(bytes);
stun.set([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
A.injectTcp(1, stun);
A.receive();
const packet = A.rx[L.RX_PACKET];

let sequence = 0;
function round() {
  let row = 0;
  for (let i = 0; i < receivers; i++) {
    for (let j = 0; j < burst; j++, row++) {
      if (row === A.txRows) {
        A.flush(row);
        row = 0;
      }
      const prefix = row * L.TX_PREFIX_BYTES;
      const p = A.txPrefix;
      const number = sequence + j;
      const ssrc = 0x10000000 + i;
      p[prefix] = 0x80;
      p[prefix + 1] = 96;
      p[prefix + 2] = number >> 8;
      p[prefix + 3] = number;
      p[prefix + 8] = ssrc >> 24;
      p[prefix + 9] = ssrc >> 16;
      p[prefix + 10] = ssrc >> 8;
      p[prefix + 11] = ssrc;
      const at = row * L.TX_STRIDE;
      A.tx[at + L.TX_STREAM] = streams[i];
      A.tx[at + L.TX_PREFIX_LENGTH] = 12;
      A.tx[at + L.TX_PACKET] = packet;
      A.tx[at + L.TX_PAYLOAD_OFFSET] = 0;
      A.tx[at + L.TX_PAYLOAD_LENGTH] = bytes - 12;
    }
  }
  sequence = (sequence + burst) & 0xffff;
  A.flush(row);
}

const median = (list) => list.sort((x, y) => x - y)[list.length >> 1];
const flushed = [];
const plain = [];
for (let i = 0; i < REPEATS; i++) {
  const before = process.cpuUsage();
  for (let j = 0; j < ROUNDS; j++) round();
  const spent = process.cpuUsage(before);
  flushed.push(((spent.user + spent.system) * 1000) / (receivers * burst * ROUNDS));
  drain(b);
  const result = L.runYardstick({
    receivers: ports.map((port) => ({ address: '127.0.0.1', port })),
    packets: receivers * burst * ROUNDS,
    packetBytes: bytes,
    burst,
    profile,
  });
  plain.push(result.cpuNs / result.packets);
  drain(b);
}
const ours = median(flushed);
const theirs = median(plain);
const stats = A.stats();
console.log(
  JSON.stringify({
    receivers,
    burst,
    bytes,
    profile,
    flushNs: Math.round(ours),
    yardstickNs: Math.round(theirs),
    ratio: Number((ours / theirs).toFixed(3)),
    sent: stats.txPackets,
    received: b.packets,
    syscalls: stats.txSyscalls,
    errors: stats.txErrors + stats.txRepeats + stats.txStale + stats.txMalformed,
  }),
);
a.datapath.close();
b.datapath.close();
