import { EfirError, type EfirErrorCode } from '../errors.js';
import { readLinks, webAddress } from './link-header.js';

/** Leads to the events of a session (server-sent events): see docs/protocol.md. */
export const EVENTS_REL = 'urn:efir:whep:events';
/** Another address at which the same is to be watched. */
export const ALTERNATE_REL = 'urn:efir:whep:alternate';

const MAX_REDIRECTS = 5;
const MAX_RETRY_AFTER_MS = 60_000;

export interface Granted {
  ok: true;
  sdp: string;
  /** Who answered: the address asked, or where it redirected to. */
  endpoint: string;
  /** The session's address: DELETE ends it. Null where the server tells none. */
  resource: string | null;
  events: string | null;
  alternates: string[];
}

export interface Refused {
  ok: false;
  error: EfirError;
  /** When the server wants to be asked again; null: it doesn't say. */
  retryAfterMs: number | null;
  /** Asking again is of no use. */
  final: boolean;
}

export interface OfferRequest {
  endpoint: string;
  sdp: string;
  token: string | undefined;
  signal: AbortSignal;
}

/** POSTs the offer (WHEP, draft-ietf-wish-whep), following redirects. Doesn't throw. */
export async function postOffer({ endpoint, sdp, token, signal }: OfferRequest): Promise<Granted | Refused> {
  const headers: Record<string, string> = { 'content-type': 'application/sdp' };
  if (token) headers.authorization = `Bearer ${token}`;
  let address = endpoint;
  for (let redirects = 0; ; redirects++) {
    let response: Response;
    try {
      response = await fetch(address, { method: 'POST', headers, body: sdp, signal });
      if (response.status === 201 || response.status === 200) return await granted(response, address);
    } catch (cause) {
      const timeout = (signal.reason as { name?: string } | undefined)?.name === 'TimeoutError';
      return refused(timeout ? 'timeout' : 'signalling', 'The server can’t be reached.', null, cause);
    }
    // On the way to another origin browsers take the token out of a redirected request: once more, straight to there.
    const disarmed = token !== undefined && response.redirected && response.status === 401;
    if (!disarmed || redirects === MAX_REDIRECTS) return await readRefusal(response);
    address = response.url;
  }
}

async function granted(response: Response, asked: string): Promise<Granted> {
  const endpoint = response.url || asked;
  const links = readLinks(response.headers.get('link'), endpoint);
  return {
    ok: true,
    sdp: await response.text(),
    endpoint,
    resource: webAddress(response.headers.get('location'), endpoint),
    events: links.find(({ rel }) => rel === EVENTS_REL)?.url ?? null,
    alternates: links.filter(({ rel }) => rel === ALTERNATE_REL).map(({ url }) => url),
  };
}

async function readRefusal(response: Response): Promise<Refused> {
  const { status } = response;
  const body: unknown = await response.json().catch(() => null);
  const told = (body as { error?: { code?: unknown; message?: unknown } } | null)?.error;
  const code = typeof told?.code === 'string' ? (told.code as EfirErrorCode) : codeOf(status);
  const message = typeof told?.message === 'string' ? told.message.slice(0, 500) : `HTTP ${status}`;
  const again = status === 404 || status === 408 || status === 429 || status >= 500;
  return { ...refused(code, message, retryAfter(response.headers.get('retry-after'))), final: !again };
}

function codeOf(status: number): EfirErrorCode {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 429) return 'rate-limited';
  return status >= 500 ? 'unavailable' : 'bad-request';
}

function refused(code: EfirErrorCode, message: string, retryAfterMs: number | null, cause?: unknown): Refused {
  return { ok: false, error: new EfirError(code, message, { cause }), retryAfterMs, final: false };
}

/** Seconds, or a date (RFC 9110 section 10.2.3). */
function retryAfter(text: string | null): number | null {
  if (!text) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? null : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms));
}
