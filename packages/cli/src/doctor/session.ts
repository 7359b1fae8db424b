/**
 * What the server tells its clients, learned as they learn it: over the WebSocket into a room of our own, with an offer whose
 * answer names the candidates. Nobody else is in that room, and it goes when we do.
 */
import { randomBytes } from 'node:crypto';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type IceServer, TokenReply } from '@efir/protocol';
import { createOffer, type IceParameters, parseAnswer, type RemoteCandidate } from '@efir/rtc';
import { RoomConnection, SignalingError } from '../bots/connection.js';
import { type Check, ok, problem, warning } from './check.js';

const TIMEOUT_MS = 5_000;

export interface Session {
  /** Of our own end, for checks. */
  local: IceParameters;
  remote: IceParameters;
  candidates: RemoteCandidate[];
  iceServers: IceServer[];
  /** The server is told to forget us. */
  close(): Promise<void>;
}

export type SessionAnswer = Session | SignalingError;

/** Never rejects with anything of the network. */
export async function openSession(url: string, apiSecret: string | undefined): Promise<SessionAnswer> {
  const room = `doctor-${randomBytes(8).toString('hex')}`;
  const connection = new RoomConnection({ url, insecure: true });
  try {
    await connection.open();
    const token = apiSecret === undefined ? undefined : await tokenFor(url, room, apiSecret);
    const { iceServers } = await connection.enter({ room, name: 'efir doctor', mesh: false, token });
    const local = { usernameFragment: randomBytes(3).toString('hex'), password: randomBytes(16).toString('hex') };
    const offer = createOffer({
      ice: local,
      fingerprint: { algorithm: 'sha-256', value: noFingerprint() },
      sections: [{ mid: '0', kind: 'audio', direction: 'recvonly' }],
    });
    const { sdp } = await connection.offer({ sdp: offer, fresh: true });
    const { ice: remote, candidates } = parseAnswer(sdp);
    return { local, remote, candidates, iceServers, close: () => connection.leave() };
  } catch (error) {
    await connection.leave();
    if (error instanceof SignalingError) return error;
    return new SignalingError('bad-reply', (error as Error).message);
  }
}

/** Of a certificate that nobody has: there is no DTLS to come. */
const noFingerprint = (): string => [...randomBytes(32)].map((byte) => hex(byte)).join(':');
const hex = (byte: number): string => byte.toString(16).padStart(2, '0').toUpperCase();

/** Throws `SignalingError`. */
async function tokenFor(url: string, room: string, apiSecret: string): Promise<string> {
  const { status, body } = await post(`${url}/api/rooms/${room}/token`, apiSecret);
  if (status === 401) throw new SignalingError('api-secret', 'the API secret is wrong');
  const reply = TokenReply.safeParse(parsed(body));
  if (!reply.success) throw new SignalingError('bad-reply', `no token was made: status ${status}`);
  return reply.data.token;
}

function post(url: string, bearer: string): Promise<{ status: number; body: string }> {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new SignalingError('unreachable', why));
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const asked = request(url, { method: 'POST', headers, rejectUnauthorized: false, agent: false, signal });
    asked.once('error', (error) => fail(error.message));
    asked.once('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body = (body + chunk).slice(0, 10_000);
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.once('error', (error) => fail(error.message));
    });
    asked.end('{}');
  });
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

export function judgeSession(answer: SessionAnswer): Check[] {
  if (!(answer instanceof Error)) return [ok('signalling', 'Signalling over WebSocket works.')];
  const { code, message } = answer;
  const told = `(${code}: ${message})`;
  switch (code) {
    case 'unreachable':
    case 'timeout':
      return [
        problem(
          'signalling',
          `The page is served, but signalling over WebSocket is not ${told}.`,
          'Have the proxy in front pass WebSocket on (the headers Upgrade and Connection) under /socket.io/.',
        ),
      ];
    case 'unauthorized':
    case 'forbidden':
      return [
        warning(
          'signalling',
          'The server wants a token, so what it tells its clients was not seen.',
          'Give the doctor the same --api-secret as the server.',
        ),
      ];
    case 'api-secret':
      return [
        problem(
          'signalling',
          "The API secret is not the server's.",
          'Give the doctor the same --api-secret as the server.',
        ),
      ];
    case 'rate-limited':
      return [warning('signalling', `The server limits us ${told}.`, 'Run the doctor again in a minute.')];
    default:
      return [problem('signalling', `The server lets nobody in ${told}.`, 'Its log at --log-level debug says more.')];
  }
}
