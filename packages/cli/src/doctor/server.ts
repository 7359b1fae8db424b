/** What answers at the server's URL: a look over HTTP, and what it means. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Check, ok, problem, warning } from './check.js';

const TIMEOUT_MS = 5_000;
/** Longest `/healthz` that is read. */
const MAX_BODY = 10_000;

export type ServerAnswer =
  /** Nobody speaks HTTP there. `code` as in Node's errors, or `timeout`. */
  | { type: 'none'; code: string }
  | { type: 'other'; status: number }
  | {
      type: 'efir';
      workers: { up: number; total: number };
      /** By its `Date` header, ms since the epoch. */
      dateMs: number | null;
      /** Why its certificate is not trusted here: Node's code. */
      certificateError: string | null;
    };

/** Never rejects. Certificates are accepted as they come and told about. */
export function askServer(url: string): Promise<ServerAnswer> {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    const asked = request(`${url}/healthz`, { rejectUnauthorized: false, agent: false, timeout: TIMEOUT_MS });
    const fail = (code: string): void => {
      resolve({ type: 'none', code });
      asked.destroy();
    };
    const deadline = setTimeout(() => fail('timeout'), TIMEOUT_MS);
    asked.once('close', () => clearTimeout(deadline));
    asked.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    asked.once('response', (response) => {
      const socket = response.socket as Partial<TLSSocket>;
      const certificateError = socket.authorized === false ? String(socket.authorizationError ?? 'unknown') : null;
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > MAX_BODY) fail('too-large');
      });
      response.once('error', () => fail('broken'));
      response.once('end', () => {
        const workers = workersOf(body);
        const date = Date.parse(response.headers.date ?? '');
        if (workers === null) resolve({ type: 'other', status: response.statusCode ?? 0 });
        else resolve({ type: 'efir', workers, dateMs: Number.isNaN(date) ? null : date, certificateError });
      });
    });
    asked.end();
  });
}

function workersOf(body: string): { up: number; total: number } | null {
  try {
    const { workers } = JSON.parse(body);
    const { up, total } = workers;
    return Number.isInteger(up) && Number.isInteger(total) && total > 0 && total <= 256 ? { up, total } : null;
  } catch {
    return null;
  }
}

export function judgeServer(url: string, answer: ServerAnswer): Check[] {
  if (answer.type === 'none')
    return [problem('server', `No server runs at ${url} (${answer.code}).`, remedyOf(url, answer.code))];
  if (answer.type === 'other') {
    return [
      problem(
        'server',
        `What answers at ${url} is not Efir: /healthz gave status ${answer.status}.`,
        'Name the right address with --url; a reverse proxy must pass everything on.',
      ),
    ];
  }
  const { up, total } = answer.workers;
  const running = `${up} of ${total} media worker${total === 1 ? '' : 's'} up`;
  if (up === total) return [ok('server', `The server at ${url} answers, ${running}.`)];
  const judge = up === 0 ? problem : warning;
  return [judge('server', `The server at ${url} has only ${running}.`, 'Its log says why they end.')];
}

function remedyOf(url: string, code: string): string {
  const { hostname, port, protocol } = new URL(url);
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The name ${hostname} does not resolve: check the DNS, or name another address with --url.`;
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return 'It speaks no TLS there: name it with --url http://…, or start it with --https.';
    case 'ECONNRESET':
    case 'HPE_INVALID_CONSTANT':
      if (protocol === 'http:') return `Perhaps it speaks TLS: try --url https://${hostname}:${port || 80}.`;
      break;
    case 'timeout':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `Let TCP to port ${port || (protocol === 'https:' ? 443 : 80)} in, or name another address with --url.`;
  }
  return 'Start it with `npm start`, or name its address with --url.';
}

/** Browsers give cameras to pages from this machine and over HTTPS. */
export function judgeSecureContext(url: string, answer: ServerAnswer): Check[] {
  const { protocol, hostname } = new URL(url);
  const local = isLocalName(hostname);
  if (protocol === 'http:') {
    if (local) return [ok('https', 'Cameras work at this address; on other devices only over HTTPS (--https).')];
    return [
      problem(
        'https',
        `Browsers give no camera and no microphone to pages from ${url}: it is not HTTPS.`,
        'Start with --https or with --tls-cert and --tls-key, or put a proxy with TLS in front.',
      ),
    ];
  }
  if (answer.type !== 'efir') return [];
  const error = answer.certificateError;
  if (error === null) return [ok('https', 'HTTPS with a certificate that is trusted here.')];
  const own = 'Give it one that is good with --tls-cert and --tls-key, such as from Let’s Encrypt.';
  if (error === 'CERT_HAS_EXPIRED') return [problem('https', 'The certificate has expired.', own)];
  if (error === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return [problem('https', `The certificate is not for ${hostname}.`, own)];
  }
  return [warning('https', `The certificate is not trusted here (${error}), so browsers warn before the page.`, own)];
}

/** The URL is of this machine, in the eyes of a browser. */
export function isLocalName(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '');
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '::1' ||
    (isIP(name) === 4 && name.startsWith('127.'))
  );
}
