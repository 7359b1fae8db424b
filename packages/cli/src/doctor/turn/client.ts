/** Takes an allocation over the network and gives it back: UDP, TCP or TLS, as the URL says. */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Allocation, type AllocationResult, type TurnLogin } from './allocation.js';
import { StunStream } from './stun-stream.js';
import type { TurnUrl } from './url.js';

const TIMEOUT_MS = 4_000;
/** A request over UDP is sent again after this, then twice that, and so on (RFC 8489 section 6.2.1). */
const FIRST_RESEND_MS = 300;

export type TurnOutcome =
  | AllocationResult
  | { type: 'silent' }
  /** `code`: Node's, such as ECONNREFUSED, ENOTFOUND, CERT_HAS_EXPIRED. */
  | { type: 'unreachable'; code: string };

/** Never rejects. */
export async function allocate(server: TurnUrl, login: TurnLogin | null): Promise<TurnOutcome> {
  const allocation = new Allocation(login, randomBytes);
  try {
    return server.transport === 'udp' ? await byUdp(server, allocation) : await byStream(server, allocation);
  } catch (error) {
    return { type: 'unreachable', code: (error as NodeJS.ErrnoException).code ?? (error as Error).message };
  }
}

async function byUdp({ host, port }: TurnUrl, allocation: Allocation): Promise<TurnOutcome> {
  const { address, family } = await lookup(host);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  return new Promise<TurnOutcome>((resolve, reject) => {
    let resend: NodeJS.Timeout | undefined;
    const deadline = setTimeout(() => done({ type: 'silent' }), TIMEOUT_MS);
    const end = (): void => {
      clearTimeout(deadline);
      clearTimeout(resend);
      socket.removeAllListeners();
      socket.on('error', () => {});
    };
    const done = (outcome: TurnOutcome): void => {
      end();
      const release = allocation.release();
      if (release) socket.send(release, () => socket.close());
      else socket.close();
      resolve(outcome);
    };
    const send = (packet: Uint8Array, pauseMs = FIRST_RESEND_MS): void => {
      clearTimeout(resend);
      socket.send(packet);
      resend = setTimeout(() => send(packet, pauseMs * 2), pauseMs);
    };
    socket.on('error', (error) => {
      end();
      socket.close();
      reject(error);
    });
    socket.on('message', (packet) => {
      const next = allocation.handle(packet);
      if (next) send(next);
      else if (allocation.result) done(allocation.result);
    });
    socket.connect(port, address, () => send(allocation.start()));
  });
}

function byStream({ host, port, transport }: TurnUrl, allocation: Allocation): Promise<TurnOutcome> {
  return new Promise<TurnOutcome>((resolve, reject) => {
    const servername = isIP(host) === 0 ? host : undefined;
    const start = (): void => void socket.write(allocation.start());
    const socket: Socket =
      transport === 'tls' ? connectTls({ host, port, servername }, start) : connectTcp({ host, port }, start);
    const stream = new StunStream();
    const deadline = setTimeout(() => done({ type: 'silent' }), TIMEOUT_MS);
    const done = (outcome: TurnOutcome): void => {
      clearTimeout(deadline);
      socket.removeAllListeners();
      socket.on('error', () => {});
      const release = allocation.release();
      if (release) socket.end(release, () => socket.destroy());
      else socket.destroy();
      resolve(outcome);
    };
    socket.on('data', (chunk) => {
      const readable = stream.push(chunk, (packet) => {
        const next = allocation.handle(packet);
        if (next) socket.write(next);
      });
      if (allocation.result) done(allocation.result);
      else if (!readable) done({ type: 'garbage' });
    });
    socket.once('error', (error) => {
      clearTimeout(deadline);
      socket.destroy();
      reject(error);
    });
    socket.once('close', () => done({ type: 'garbage' }));
  });
}
