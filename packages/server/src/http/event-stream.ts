/**
 * Events of one session, as server-sent events (`text/event-stream`): `move` with the `url` to make another session at, to be
 * done before this one is left; `end` when the session is over.
 */
import type { Response } from 'express';
import { ServerError } from '../errors.js';
import type { HttpMediaSession } from './media-sessions.js';

export const EVENTS_RELATION = 'urn:efir:whep:events';
const KEEP_ALIVE_MS = 15_000;

export function eventStream(session: HttpMediaSession, response: Response): void {
  if (session.tell) throw new ServerError('conflict', 'somebody listens to this session already');
  response.status(200).set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.flushHeaders();
  const tell = (event: string, data: object): void => {
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    if (event === 'end') response.end();
  };
  session.tell = tell;
  const beat = setInterval(() => response.write(':\n\n'), KEEP_ALIVE_MS);
  response.once('close', () => {
    clearInterval(beat);
    if (session.tell === tell) session.tell = null;
  });
}
