/**
 * WHIP and WHEP from the client's side: an offer is POSTed and redirects are followed; a server that is full says when to come
 * again. What the server tells later comes as server-sent events.
 */
import { SignalingError } from '../connection.js';

const MAX_REDIRECTS = 5;
const ANSWER_MS = 8000;
const ALIVE_MS = 1200;
/** When the server doesn't say. */
const RETRY_MS = 2000;

export interface HttpSession {
  answer: string;
  /** Of the session: DELETE ends it. */
  location: string;
  /** Of its events; null: it has none. */
  events: string | null;
  /** `http://host:port` that answers for it. */
  origin: string;
  redirects: number;
}

/** There is no place, or nothing to watch, for now. */
export class TryLater extends SignalingError {
  constructor(
    message: string,
    readonly status: number,
    readonly retryMs: number,
  ) {
    super('unavailable', message);
  }
}

/** Rejects with `TryLater` or another `SignalingError`. */
export async function openHttpSession(url: string, offer: string, token?: string): Promise<HttpSession> {
  let at = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await post(at, offer, token);
    const location = response.headers.get('location');
    if (response.status === 307 && location) {
      await response.body?.cancel();
      at = new URL(location, at).href;
      continue;
    }
    const text = await response.text();
    if (response.status === 201 && location) {
      const events = /<([^>]+)>;\s*rel="urn:efir:whep:events"/.exec(response.headers.get('link') ?? '')?.[1];
      return {
        answer: text,
        location: new URL(location, at).href,
        events: events === undefined ? null : new URL(events, at).href,
        origin: new URL(at).origin,
        redirects,
      };
    }
    const seconds = Number(response.headers.get('retry-after'));
    const retryMs = seconds > 0 && seconds <= 600 ? seconds * 1000 : RETRY_MS;
    if ([404, 409, 429, 503].includes(response.status)) {
      throw new TryLater(`${response.status}: ${text.slice(0, 200)}`, response.status, retryMs);
    }
    throw new SignalingError('refused', `${response.status}: ${text.slice(0, 200)}`);
  }
  throw new SignalingError('refused', `more than ${MAX_REDIRECTS} redirects`);
}

async function post(url: string, offer: string, token?: string): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'Content-Type': 'application/sdp', ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
      body: offer,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch (error) {
    throw new SignalingError('unreachable', `the server can't be reached: ${(error as Error).message}`);
  }
}

export async function endHttpSession(location: string): Promise<void> {
  await fetch(location, { method: 'DELETE', signal: AbortSignal.timeout(3000) }).then(
    (response) => response.body?.cancel(),
    () => {},
  );
}

/** False: the server knows nothing of it, or can't be reached. There is nothing to GET, which it says where it is alive. */
export async function isSessionAlive(location: string): Promise<boolean> {
  try {
    const response = await fetch(location, { signal: AbortSignal.timeout(ALIVE_MS) });
    await response.body?.cancel();
    return response.status !== 404 && response.status !== 410;
  } catch {
    return false;
  }
}

/** Calls `on` for each event until `signal` or the end of the stream; resolves then. */
export async function listen(
  url: string,
  signal: AbortSignal,
  on: (event: string, data: Record<string, unknown>) => void,
): Promise<void> {
  try {
    const response = await fetch(url, { headers: { Accept: 'text/event-stream' }, signal });
    if (!response.ok || !response.body) return;
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text = (text + chunk).slice(-65_536);
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const event = /^event: (.*)$/m.exec(block)?.[1];
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (event !== undefined && data !== undefined) on(event, JSON.parse(data) as Record<string, unknown>);
      }
    }
  } catch {
    // It ends with its session, or with the server.
  }
}
