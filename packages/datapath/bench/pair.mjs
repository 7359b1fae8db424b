/** Two datapaths on loopback with `count` handshaken peers: `a` with one socket, `b` with a socket for each peer. */
import {
  createDatapath,
  PATH_BYTES,
  PATH_REMOTE_ADDRESS,
  PATH_REMOTE_PORT,
  PATH_SOCKET,
  RX_STRIDE,
} from '@efir/datapath';

export function loopbackPath(port, socket) {
  const path = new Uint8Array(PATH_BYTES);
  const view = new DataView(path.buffer);
  path[0] = 4;
  path.set([127, 0, 0, 1], PATH_REMOTE_ADDRESS);
  view.setUint16(PATH_REMOTE_PORT, port);
  view.setUint32(PATH_SOCKET, socket, true);
  return path;
}

export function open(options) {
  const end = { connected: 0, failed: 0, packets: 0 };
  end.datapath = createDatapath(
    { slots: 1024, txRows: 8192, ...options },
    {
      onReadable: () => drain(end),
      onPeerEvent: (_peer, event) => {
        if (event.type === 'connected') end.connected++;
        if (event.type === 'failed') end.failed++;
      },
      onTcpOutput: () => {},
    },
  );
  return end;
}

export function drain(end) {
  const { datapath } = end;
  for (let rows = datapath.receive(); rows > 0; rows = datapath.receive()) {
    end.packets += rows;
    if (end.onRow) for (let i = 0; i < rows; i++) end.onRow(datapath.rx, i * RX_STRIDE);
  }
}

export async function connect(a, b, count, receiveBufferBytes = 0) {
  const here = a.datapath.openUdp({ address: '127.0.0.1', port: 0, receiveBufferBytes: 4 << 20 });
  const peers = [];
  const ports = [];
  for (let i = 0; i < count; i++) {
    const there = b.datapath.openUdp({ address: '127.0.0.1', port: 0, receiveBufferBytes });
    const server = a.datapath.createPeer();
    const client = b.datapath.createPeer();
    a.datapath.selectPath(server, loopbackPath(there.port, here.socket));
    b.datapath.selectPath(client, loopbackPath(here.port, there.socket));
    a.datapath.startDtls(server, { role: 'server', fingerprints: [b.datapath.fingerprint] });
    b.datapath.startDtls(client, { role: 'client', fingerprints: [a.datapath.fingerprint] });
    peers.push(server);
    ports.push(there.port);
  }
  const timer = setInterval(() => {
    a.datapath.tick();
    b.datapath.tick();
  }, 50);
  while (a.connected < count || b.connected < count) {
    if (a.failed || b.failed) throw new Error('a handshake failed');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  clearInterval(timer);
  a.socket = here.socket;
  return { peers, ports };
}
