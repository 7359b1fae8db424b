/** What `run.mjs` runs: ends that open, shake hands, talk rubbish and sense, and close, in random order (seeded). */
import { isMainThread, Worker } from 'node:worker_threads';
import * as L from '@efir/datapath';

const seconds = Number(process.argv[2] ?? 10);
let seed = 12345;
function chance(limit) {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return Math.floor((seed / 0x80000000) * limit);
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
const totals = { rounds: 0, data: 0, connected: 0, failed: 0, closed: 0, rows: 0, sent: 0, tcp: 0 };

function pathTo(end, port) {
  const path = new Uint8Array(L.PATH_BYTES);
  const view = new DataView(path.buffer);
  path[0] = 4;
  path.set([127, 0, 0, 1], L.PATH_REMOTE_ADDRESS);
  view.setUint16(L.PATH_REMOTE_PORT, port);
  view.setUint32(L.PATH_SOCKET, end.socket, true);
  return path;
}

function open(options) {
  const end = { told: 0, connected: new Set() };
  end.datapath = L.createDatapath(
    { slots: 64, rxRows: 16, txRows: 64, dtlsRetransmitMs: 5, dtlsTimeoutMs: 2000, ...options },
    {
      onReadable() {
        for (let rows = end.datapath.receive(); rows > 0; rows = end.datapath.receive()) {
          totals.rows += rows;
          for (let i = 0; i < rows; i++) if (end.datapath.rx[i * L.RX_STRIDE] === L.KIND_DATA) totals.data++;
        }
      },
      onPeerEvent(peer, event) {
        totals[event.type]++;
        end.told++;
        if (event.type === 'connected') end.connected.add(peer);
        if (chance(50) === 0) end.datapath.closePeer(peer);
        if (chance(500) === 0) end.datapath.close();
      },
      onTcpOutput(connection, bytes) {
        totals.tcp++;
        end.other?.datapath.injectTcp(connection, bytes.subarray(2));
      },
    },
  );
  Object.assign(end, end.datapath.openUdp({ address: '127.0.0.1', port: 0 }));
  return end;
}

function send(end, peer) {
  const { datapath } = end;
  const ssrc = 1 + chance(100);
  let stream;
  try {
    stream = datapath.addStream(peer, ssrc);
  } catch {
    return;
  }
  const rows = 1 + chance(20);
  for (let i = 0; i < rows; i++) {
    const view = new DataView(datapath.txPrefix.buffer, i * L.TX_PREFIX_BYTES);
    view.setUint32(0, 0x80600000 + i);
    view.setUint32(8, ssrc);
    datapath.tx.set(
      [stream, 12 + chance(40), chance(80), chance(30), chance(3) ? 0 : chance(2000), 0, 0],
      i * L.TX_STRIDE,
    );
  }
  datapath.flush(rows);
  datapath.sendRtcp(peer, Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, ssrc));
  for (let i = chance(4); i > 0; i--) datapath.sendData(peer, new Uint8Array(chance(1500)));
  datapath.flush(0);
  totals.sent += rows;
  if (chance(2)) datapath.removeStream(stream);
}

function rubbish() {
  const bytes = new Uint8Array(1 + chance(400));
  for (let i = 0; i < bytes.length; i++) bytes[i] = chance(256);
  if (chance(2)) bytes[0] = [0, 1, 20, 22, 23, 63, 128, 191][chance(8)];
  return bytes;
}

async function round() {
  const portable = chance(4) === 0;
  const profiles = [['AEAD_AES_128_GCM'], ['AES128_CM_SHA1_80'], undefined][chance(3)];
  const a = open({ portable, srtpProfiles: profiles });
  const b = open({ portable, srtpProfiles: chance(20) ? profiles : undefined });
  a.other = b;
  b.other = a;
  const links = [];
  for (let i = 1 + chance(4); i > 0; i--) {
    const pa = a.datapath.createPeer();
    const pb = b.datapath.createPeer();
    const tcp = new Uint8Array(L.PATH_BYTES);
    tcp.set([L.FAMILY_TCP]);
    tcp[L.PATH_SOCKET] = i;
    const overTcp = chance(4) === 0;
    const own = b.datapath.openUdp({ address: '127.0.0.1', port: 0 });
    a.datapath.selectPath(pa, overTcp ? tcp : pathTo(a, own.port));
    b.datapath.selectPath(pb, overTcp ? tcp : pathTo(own, a.port));
    const wrong = chance(10) === 0;
    a.datapath.startDtls(pa, {
      role: 'server',
      fingerprints: [wrong ? a.datapath.fingerprint : b.datapath.fingerprint],
    });
    b.datapath.startDtls(pb, { role: 'client', fingerprints: [a.datapath.fingerprint] });
    links.push([pa, pb, pathTo(own, a.port)]);
  }
  // Most rounds let the handshakes end, the others close at any moment of them.
  const hasty = chance(4) === 0;
  const patience = performance.now() + (hasty ? chance(20) : 3000);
  while (performance.now() < patience && a.told + b.told < 2 * links.length) {
    a.datapath.tick();
    b.datapath.tick();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const turns = hasty ? chance(5) : chance(100);
  for (let i = 0; i < turns; i++) {
    a.datapath.tick();
    b.datapath.tick();
    if (chance(3) === 0) b.datapath.sendRaw(links[0][2], rubbish());
    const [pa, pb] = links[chance(links.length)];
    // Whether it is connected or not.
    if (chance(10) === 0) a.datapath.sendData(pa, rubbish());
    if (a.connected.has(pa)) send(a, pa);
    if (b.connected.has(pb)) send(b, pb);
    if (chance(60) === 0) a.datapath.closePeer(pa);
    if (chance(60) === 0) b.datapath.closePeer(pb);
    await turn();
  }
  if (chance(3)) a.datapath.close();
  b.datapath.close();
  a.datapath.close();
  totals.rounds++;
}

async function workers() {
  const started = [0, 1].map(() => new Worker(new URL(import.meta.url), { argv: ['1'] }));
  await new Promise((resolve) => setTimeout(resolve, 50 + chance(400)));
  await Promise.all(started.map((worker) => worker.terminate()));
}

const end = performance.now() + seconds * 1000;
while (performance.now() < end) {
  try {
    await round();
  } catch (error) {
    // A datapath that closed itself in a callback can't make peers any more.
    if (error?.code !== 'ERR_CLOSED' && error?.code !== 'ERR_DTLS') throw error;
  }
  if (isMainThread && totals.rounds % 100 === 99) await workers();
}
L.runYardstick({
  receivers: [{ address: '127.0.0.1', port: 9 }],
  packets: 100,
  packetBytes: 500,
  burst: 4,
  profile: 'AES128_CM_SHA1_80',
});
if (isMainThread) console.log(JSON.stringify({ ...totals, residentMb: Math.round(process.memoryUsage.rss() / 1e6) }));
