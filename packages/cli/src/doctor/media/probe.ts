/**
 * Knocks at a media port: a STUN request by UDP, or framed by TCP (RFC 4571), and what comes back. With the credentials of a
 * session it is an ICE check (RFC 8445 section 7.2), which only that very server can answer; without, a plain Binding request.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import {
  buildStun,
  FrameReader,
  frame,
  type IceParameters,
  integrityKey,
  PEER_REFLEXIVE_PRIORITY,
  parseStun,
  readXorMappedAddress,
  STUN_BINDING,
  StunAttribute,
  StunClass,
  type TransportAddress,
  uint32Attribute,
  uint64Attribute,
  usernameAttribute,
  verifyIntegrity,
} from '@efir/rtc';

/** Sends of a request over UDP, ms after the first; what has no answer by the deadline has none. */
const RESENDS_MS = [250, 750, 1_500];
const TIMEOUT_MS = 2_500;

export type Outcome =
  /** Our server, as far as can be told. */
  | 'answered'
  /** Something else: it takes TCP connections, or sends what is no answer of ours. */
  | 'stranger'
  | 'silent'
  /** Nobody listens there: ICMP or a TCP reset say so. */
  | 'refused'
  /** No way leads there from here. */
  | 'unreachable';

export interface Target extends TransportAddress {
  protocol: 'udp' | 'tcp';
}

export interface Knock extends Target {
  outcome: Outcome;
  /** What we look like from there. */
  mapped?: TransportAddress;
}

/** Of a session on the server that is to answer. */
export interface Credentials {
  local: IceParameters;
  remote: IceParameters;
}

interface Question {
  packet: Uint8Array;
  /** The mapped address; null if this is not the answer. */
  read(packet: Uint8Array): TransportAddress | null;
}

/** Never rejects. With credentials, what does not know them but answers a plain request is a stranger. */
export async function knock(target: Target, credentials?: Credentials, timeoutMs = TIMEOUT_MS): Promise<Knock> {
  const found = await ask(target, question(credentials), timeoutMs);
  if (!credentials || found.outcome === 'answered' || found.outcome === 'unreachable' || found.outcome === 'refused') {
    return found;
  }
  const plain = await ask(target, question(), timeoutMs);
  return plain.outcome === 'answered' ? { ...target, outcome: 'stranger' } : found;
}

function question(credentials?: Credentials): Question {
  const transactionId = randomBytes(12);
  const key = credentials && integrityKey(credentials.remote.password);
  const packet = buildStun({
    class: StunClass.request,
    method: STUN_BINDING,
    transactionId,
    ...(credentials && {
      key,
      attributes: [
        usernameAttribute(`${credentials.remote.usernameFragment}:${credentials.local.usernameFragment}`),
        uint32Attribute(StunAttribute.priority, PEER_REFLEXIVE_PRIORITY),
        uint64Attribute(StunAttribute.iceControlling, randomBytes(8).readBigUInt64BE()),
      ],
    }),
  });
  return {
    packet,
    read(answer) {
      const message = parseStun(answer);
      if (message?.class !== StunClass.success || message.method !== STUN_BINDING) return null;
      if (!transactionId.equals(message.transactionId)) return null;
      if (key && !verifyIntegrity(message, key)) return null;
      return readXorMappedAddress(message);
    },
  };
}

function ask(target: Target, asked: Question, timeoutMs: number): Promise<Knock> {
  return target.protocol === 'udp' ? askByUdp(target, asked, timeoutMs) : askByTcp(target, asked, timeoutMs);
}

function askByUdp(target: Target, { packet, read }: Question, timeoutMs: number): Promise<Knock> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(target.address) ? 'udp6' : 'udp4');
    let outcome: Outcome = 'silent';
    let mapped: TransportAddress | null = null;
    const timers: NodeJS.Timeout[] = [];
    const done = (): void => {
      for (const timer of timers.splice(0)) clearTimeout(timer);
      socket.removeAllListeners();
      // What comes late must not be thrown.
      socket.on('error', () => {});
      socket.close();
      resolve({ ...target, outcome, ...(mapped && { mapped }) });
    };
    const fail = (error: NodeJS.ErrnoException): void => {
      outcome = outcomeOf(error);
      done();
    };
    socket.on('error', fail);
    socket.on('message', (answer) => {
      mapped = read(answer);
      outcome = mapped ? 'answered' : 'stranger';
      if (mapped) done();
    });
    // Connected, so that the kernel tells of ICMP errors and takes answers from there alone.
    socket.connect(target.port, target.address, (error?: Error) => {
      if (error) return fail(error);
      const send = (): void => socket.send(packet);
      send();
      timers.push(...RESENDS_MS.map((ms) => setTimeout(send, ms)), setTimeout(done, timeoutMs));
    });
  });
}

function askByTcp(target: Target, { packet, read }: Question, timeoutMs: number): Promise<Knock> {
  return new Promise((resolve) => {
    const socket = connect({ host: target.address, port: target.port });
    const reader = new FrameReader();
    let outcome: Outcome = 'silent';
    let mapped: TransportAddress | null = null;
    const timer = setTimeout(() => done(), timeoutMs);
    const done = (): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.destroy();
      resolve({ ...target, outcome, ...(mapped && { mapped }) });
    };
    socket.once('connect', () => {
      outcome = 'stranger';
      socket.write(frame(packet));
    });
    socket.on('data', (chunk) => {
      const readable = reader.push(chunk, (answer) => {
        mapped ??= read(answer);
      });
      if (mapped) outcome = 'answered';
      if (mapped || !readable) done();
    });
    socket.once('error', (error) => {
      if (outcome === 'silent') outcome = outcomeOf(error);
      done();
    });
    socket.once('close', done);
  });
}

function outcomeOf({ code }: NodeJS.ErrnoException): Outcome {
  switch (code) {
    case 'ECONNREFUSED':
    case 'ECONNRESET':
      return 'refused';
    case 'ETIMEDOUT':
      return 'silent';
    default:
      return 'unreachable';
  }
}
