/** CPU per packet of `receive()`, SRTP opened. Usage: node bench/receive-cost.mjs [burst] [bytes] [portable] */
import * as L from '@efir/datapath';
import { connect, drain, open } from './pair.mjs';

const burst = Number(process.argv[2] ?? 8);
const bytes = Number(process.argv[3] ?? 1200);
const portable = process.argv[4] === 'portable';
const ROUNDS = 1000;
const BURSTS = 64;

const a = open({});
const b = open({ portable });
const { peers } = await connect(a, b, 1, 4 << 20);
const A = a.datapath;
const stream = A.addStream(peers[0], 7);
const stun = new Uint8Array(bytes);
stun.set([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
A.injectTcp(1, stun);
A.receive();
const packet = A.rx[L.RX_PACKET];
let sequence = 0;
let spent = 0;
b.packets = 0;
for (let round = 0; round < ROUNDS; round++) {
  for (let i = 0; i < BURSTS; i++) {
    for (let j = 0; j < burst; j++) {
      const view = new DataView(A.txPrefix.buffer, j * L.TX_PREFIX_BYTES);
      view.setUint32(0, (0x80600000 | (sequence++ & 0xffff)) >>> 0);
      view.setUint32(8, 7);
      A.tx.set([stream, 12, packet, 0, bytes - 12, 0, 0, 0], j * L.TX_STRIDE);
    }
    A.flush(burst);
  }
  const before = process.cpuUsage();
  drain(b);
  const used = process.cpuUsage(before);
  spent += used.user + used.system;
}
console.log(
  JSON.stringify({ burst, bytes, portable, packets: b.packets, nsPerPacket: Math.round((spent * 1000) / b.packets) }),
);
process.exit(0);
