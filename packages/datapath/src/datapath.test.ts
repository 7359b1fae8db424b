import { afterEach, expect, test } from 'vitest';
import { createDatapath } from './addon.js';
import type { Datapath, DatapathOptions, PeerEvent } from './datapath.js';
import * as L from './layout.js';

/** A datapath with its events kept, and rows copied out of each receive(). */
class End {
  readonly dp: Datapath;
  readonly socket: number;
  readonly port: number;
  readonly events: { peer: number; event: PeerEvent }[] = [];
  readonly packets: { kind: number; bytes: Uint8Array; row: Uint32Array; path: Uint8Array }[] = [];
  readonly tcp: { connection: number; bytes: Uint8Array }[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(options: DatapathOptions = {}, address = '127.0.0.1') {
    this.dp = createDatapath(options, {
      onReadable: () => this.drain(),
      onPeerEvent: (peer, event) => this.events.push({ peer, event }),
      onTcpOutput: (connection, bytes) => this.tcp.push({ connection, bytes }),
    });
    const opened = this.dp.openUdp({ address, port: 0 });
    this.socket = opened.socket;
    this.port = opened.port;
    this.timer = setInterval(() => this.dp.tick(), 20);
  }
  drain() {
    for (let rows = this.dp.receive(); rows > 0; rows = this.dp.receive()) {
      for (let i = 0; i < rows; i++) {
        const row = this.dp.rx.slice(i * L.RX_STRIDE, (i + 1) * L.RX_STRIDE);
        const at = (row[L.RX_PACKET] & (this.dp.slots - 1)) * L.SLOT_BYTES;
        this.packets.push({
          kind: row[L.RX_KIND],
          bytes: this.dp.arena.slice(at, at + row[L.RX_LENGTH]),
          row,
          path: this.dp.rxPaths.slice(i * L.PATH_BYTES, (i + 1) * L.PATH_BYTES),
        });
      }
    }
  }
  pathTo(port: number) {
    const path = new Uint8Array(L.PATH_BYTES);
    const view = new DataView(path.buffer);
    path[0] = 4;
    view.setUint16(L.PATH_REMOTE_PORT, port);
    path.set([127, 0, 0, 1], L.PATH_REMOTE_ADDRESS);
    view.setUint32(L.PATH_SOCKET, this.socket, true);
    return path;
  }
  close() {
    clearInterval(this.timer);
    this.dp.close();
  }
}

const ends: End[] = [];
afterEach(() => {
  for (const e of ends.splice(0)) e.close();
});
const until = async (condition: () => boolean) => {
  const end = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('timeout');
    await new Promise((r) => setTimeout(r, 2));
  }
};

test('two datapaths shake hands and exchange RTP', async () => {
  const a = new End();
  const b = new End();
  ends.push(a, b);
  const pa = a.dp.createPeer();
  const pb = b.dp.createPeer();
  a.dp.selectPath(pa, a.pathTo(b.port));
  b.dp.selectPath(pb, b.pathTo(a.port));
  a.dp.startDtls(pa, { role: 'server', fingerprints: [b.dp.fingerprint] });
  b.dp.startDtls(pb, { role: 'client', fingerprints: [a.dp.fingerprint] });
  await until(() => a.events.length > 0 && b.events.length > 0);
  expect(a.events[0].event).toEqual({ type: 'connected', profile: 'AEAD_AES_128_GCM', dtlsVersion: 'DTLSv1.2' });
  expect(b.events[0].event.type).toBe('connected');
  const stream = a.dp.addStream(pa, 0x11223344);
  for (let i = 0; i < 4; i++) {
    const prefix = a.dp.txPrefix.subarray(i * L.TX_PREFIX_BYTES);
    prefix.set([0x80, 96, 0, i, 0, 0, 0, 9, 0x11, 0x22, 0x33, 0x44, 1, 2, 3, i]);
    a.dp.tx.set([stream, 16, 0, 0, 0, 0, 0, 0], i * L.TX_STRIDE);
  }
  a.dp.flush(4);
  a.dp.sendRtcp(pa, new Uint8Array([0x80, 201, 0, 1, 1, 2, 3, 4]));
  a.dp.flush(0);
  await until(() => b.packets.length === 5);
  expect(Array.from(b.packets[3].bytes)).toEqual([0x80, 96, 0, 3, 0, 0, 0, 9, 0x11, 0x22, 0x33, 0x44, 1, 2, 3, 3]);
  expect(a.dp.stats()).toMatchObject({ txPackets: expect.any(Number), txErrors: 0, txSyscalls: expect.any(Number) });
  a.dp.closePeer(pa);
  await until(() => b.events.length > 1);
  expect(b.events[1].event).toEqual({ type: 'closed' });
});
