/** WHIP and WHEP sessions by their secret id: there until the client ends them, their transport does, or the room's media. */
import { randomToken } from '../media/session.js';
import type { Metrics } from '../metrics.js';

export type MediaProtocol = 'whip' | 'whep';

export interface HttpMediaSession {
  /** Unguessable: whoever has the address may end the session. */
  id: string;
  protocol: MediaProtocol;
  room: string;
  /** Entity tag of the ICE session (RFC 9725 section 4.3.1), with its quotes. */
  etag: string;
  /** To the client's stream of events, if it has one. */
  tell: ((event: string, data: object) => void) | null;
}

/** Gives up what the session holds: the client `left`, or the media was `lost`. */
type End = (reason: 'left' | 'lost') => void;

export class HttpMediaSessions {
  readonly #sessions = new Map<string, { session: HttpMediaSession; end: End }>();
  readonly #metrics: Metrics;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** `end` is called once. */
  add(protocol: MediaProtocol, room: string, end: End): HttpMediaSession {
    const session: HttpMediaSession = { id: randomToken(24), protocol, room, etag: `"${randomToken(9)}"`, tell: null };
    this.#sessions.set(session.id, { session, end });
    this.#metrics.httpSessions.inc({ protocol });
    return session;
  }

  list(protocol: MediaProtocol): HttpMediaSession[] {
    return [...this.#sessions.values()].map(({ session }) => session).filter((one) => one.protocol === protocol);
  }

  find(protocol: MediaProtocol, room: string, id: string): HttpMediaSession | null {
    const session = this.#sessions.get(id)?.session;
    return session?.protocol === protocol && session.room === room ? session : null;
  }

  /** Does nothing if it has ended already. */
  end(session: HttpMediaSession, reason: 'left' | 'lost'): void {
    const entry = this.#sessions.get(session.id);
    if (!entry) return;
    this.#sessions.delete(session.id);
    this.#metrics.httpSessions.dec({ protocol: session.protocol });
    session.tell?.('end', { reason });
    session.tell = null;
    entry.end(reason);
  }
}
