import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { checkMediaPorts } from './ports.js';

test('a UDP port that is taken is named with the remedy', async () => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await expect(checkMediaPorts(port - 1, 2, ['127.0.0.1'])).rejects.toThrow(
    new RegExp(`^Media port ${port} \\(UDP\\) is in use: stop the other program or start with --media-port \\d+\\.$`),
  );
  socket.close();
});

test('so is a TCP port', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(checkMediaPorts(port, 1, ['127.0.0.1'])).rejects.toMatchObject({ code: 'port-in-use' });
  server.close();
  await once(server, 'close');
  await checkMediaPorts(port, 1, ['127.0.0.1']);
});

test('port 0 is always free', async () => {
  await checkMediaPorts(0, 64, ['127.0.0.1']);
});
