/**
 * A program of its own: opens many connections to Socket.IO's default namespace and holds them, with as little as it takes: the
 * handshake of WebSocket (RFC 6455), one message to join the namespace, and a pong for each ping. Told what to do by one message,
 * says how many are open, ends with its parent.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

export interface IdleOrder {
  port: number;
  count: number;
  /** Connections from one loopback address: rate limits count by address. */
  perAddress: number;
}

export interface IdleReport {
  /** In the namespace. */
  open: number;
  /** Closed before they were in it; tried again. */
  refused: number;
}

/** A text frame; clients mask, here with zeros. */
const frame = (text: string): Buffer =>
  Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
/** By Engine.IO's protocol 4: a message with an empty packet of Socket.IO, which joins `/`. */
const JOIN = frame('40');
const PONG = frame('3');
const PING = '2'.charCodeAt(0);
const MESSAGE = '4'.charCodeAt(0);

/** On their way at once, so that a slow server is not asked for more than it can take. */
const MAX_OPENING = 100;
const MAX_REFUSED = 100;

const sockets = new Set<Socket>();
const report: IdleReport = { open: 0, refused: 0 };

/** Longer messages are none that matter here; they are walked over. */
function readFrames(bytes: Buffer, onText: (text: Buffer) => void): Buffer {
  let at = 0;
  while (bytes.length - at >= 2) {
    let length = bytes[at + 1] & 0x7f;
    let head = 2;
    if (length === 126) {
      if (bytes.length - at < 4) break;
      length = bytes.readUInt16BE(at + 2);
      head = 4;
    } else if (length === 127) {
      if (bytes.length - at < 10) break;
      length = Number(bytes.readBigUInt64BE(at + 2));
      head = 10;
    }
    if (bytes.length - at < head + length) break;
    onText(bytes.subarray(at + head, at + head + length));
    at += head + length;
  }
  return bytes.subarray(at);
}

function open(order: IdleOrder, number: number): void {
  const { port, perAddress } = order;
  const host = Math.floor(number / perAddress);
  const localAddress = `127.1.${host >> 8}.${(host & 255) + 1}`;
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  sockets.add(socket);
  let upgraded = false;
  let joined = false;
  let pending: Buffer = Buffer.alloc(0);
  socket.on('connect', () => {
    socket.write(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
  });
  socket.on('data', (chunk) => {
    pending = pending.length > 0 ? Buffer.concat([pending, chunk]) : chunk;
    if (!upgraded) {
      const end = pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!pending.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) {
        socket.destroy();
        return;
      }
      upgraded = true;
      socket.write(JOIN);
      pending = pending.subarray(end + 4);
    }
    pending = readFrames(pending, (text) => {
      if (text[0] === PING) socket.write(PONG);
      // `40{"sid":…}` answers the join.
      if (joined || text[0] !== MESSAGE || text[1] !== 0x30) return;
      joined = true;
      report.open++;
    });
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    sockets.delete(socket);
    if (joined) report.open--;
    else report.refused++;
    // A handshake that takes too long on a busy machine is tried again.
    if (!joined && process.connected && report.refused <= MAX_REFUSED) open(order, number);
  });
}

process.once('message', async (order: IdleOrder) => {
  const telling = setInterval(() => process.send?.(report), 100);
  process.once('disconnect', () => {
    clearInterval(telling);
    for (const socket of sockets) socket.destroy();
  });
  for (let number = 0; number < order.count && process.connected; number++) {
    open(order, number);
    while (sockets.size - report.open > MAX_OPENING) await setTimeout(10);
  }
});
