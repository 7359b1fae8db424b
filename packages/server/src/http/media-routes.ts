/**
 * What WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) have in common: an SDP offer is POSTed, the answer comes with the
 * address of the session, DELETE on that ends it. All of our candidates are in the answer; there is nothing to PATCH.
 */
import { MAX_SDP_LENGTH } from '@efir/protocol';
import { type Request, type RequestHandler, Router, text } from 'express';
import type { Grant } from '../auth/grant.js';
import { bearerToken } from '../auth/tokens.js';
import { addressOf as addressElsewhere, Elsewhere, redeem } from '../broadcast/arrivals.js';
import { otherAddresses } from '../cluster/others.js';
import { ServerError } from '../errors.js';
import { isLoopback } from '../media/candidates.js';
import { addressOf, type HttpContext, limited } from './context.js';
import { methodNotAllowed, requireType } from './errors.js';
import { EVENTS_RELATION, eventStream } from './event-stream.js';
import type { HttpMediaSession, HttpMediaSessions, MediaProtocol } from './media-sessions.js';
import { roomId } from './rooms-api.js';

const SDP_TYPE = 'application/sdp';
const ALTERNATE_RELATION = 'urn:efir:whep:alternate';
const MAX_ALTERNATES = 4;

export interface MediaOffer {
  room: string;
  sdp: string;
  grant: Grant;
  /** `?name=`. */
  name: string | undefined;
  /** Another node sent them here. */
  invited: boolean;
  loopback: boolean;
}

/** Opens the session. Throws `ServerError`. */
export type OpenSession = (offer: MediaOffer) => Promise<{ session: HttpMediaSession; answer: string }>;

export function mediaRoutes(
  protocol: MediaProtocol,
  { tokens, limits, node }: HttpContext,
  sessions: HttpMediaSessions,
  open: OpenSession,
): Router {
  const router = Router();
  router.use(crossOrigin);

  router
    .route('/:room')
    .options((_, response) => {
      response.set({ Allow: 'POST, OPTIONS', 'Accept-Post': SDP_TYPE }).status(204).end();
    })
    .post(
      limited(limits, 'ingest'),
      requireType(SDP_TYPE),
      text({ type: SDP_TYPE, limit: MAX_SDP_LENGTH, defaultCharset: 'utf-8' }),
      async (request, response) => {
        const room = roomId(request);
        const ticket = typeof request.query.ticket === 'string' ? request.query.ticket.slice(0, 64) : null;
        const bearer = ticket ? await redeem(node.broadcasts, room, ticket) : null;
        const invited = bearer?.role === (protocol === 'whip' ? 'publisher' : 'viewer');
        const grant = invited
          ? { publish: true, subscribe: true, ...(bearer?.name !== undefined && { name: bearer.name }) }
          : ((await invitationOf(request, room)) ??
            (await tokens.grant(room, bearerToken(request.headers.authorization))));
        const sdp = typeof request.body === 'string' ? request.body : '';
        const name = typeof request.query.name === 'string' ? request.query.name : undefined;
        const loopback = isLoopback(addressOf(request));
        const opened = await open({ room, sdp, grant, name, invited, loopback }).catch((error: unknown) => {
          throw error instanceof Elsewhere ? addressed(error, `/${protocol}/${room}`, name) : error;
        });
        const { session, answer } = opened;
        // The client went away while we worked on it: nobody will ever end it.
        if (request.socket.destroyed) sessions.end(session, 'lost');
        const location = `/${protocol}/${room}/${session.id}`;
        response.status(201).set({
          Location: location,
          ...(protocol === 'whep' && { Link: whepLinks(location, room, node) }),
          ETag: session.etag,
          'Cache-Control': 'no-store',
        });
        // Not by `send`, which would add a charset: clients compare the whole.
        response.setHeader('Content-Type', SDP_TYPE);
        response.end(answer);
      },
    )
    .all(methodNotAllowed('POST', 'OPTIONS'));

  router
    .route('/:room/:session')
    .options((_, response) => {
      response.set('Allow', 'DELETE, OPTIONS').status(204).end();
    })
    .delete((request, response) => {
      sessions.end(sessionOf(request), 'left');
      response.status(200).end();
    })
    .all(
      (request, _, next) => {
        sessionOf(request);
        next();
      },
      methodNotAllowed('DELETE', 'OPTIONS'),
    );

  if (protocol === 'whep') {
    router
      .route('/:room/:session/events')
      .get((request, response) => {
        eventStream(sessionOf(request), response);
      })
      .all(methodNotAllowed('GET', 'OPTIONS'));
  }

  /** What another node that sent them here lets them do; no token of theirs, as addresses are no place for those. */
  async function invitationOf({ query }: Request, room: string): Promise<Grant | null> {
    if (typeof query.token !== 'string') return null;
    return tokens.invitations.redeem(room, query.token.slice(0, 4096), node.cluster.self.id);
  }

  function sessionOf(request: Request): HttpMediaSession {
    const session = sessions.find(protocol, String(request.params.room), String(request.params.session));
    if (!session) throw new ServerError('not-found', 'there is no such session');
    return session;
  }
  return router;
}

/** The same at another node, with what lets them in there. */
function addressed(elsewhere: Elsewhere, path: string, name: string | undefined): ServerError {
  const address = addressElsewhere(elsewhere, path, name === undefined ? {} : { name });
  return new ServerError('elsewhere', elsewhere.message, undefined, address);
}

/** Where the session's events are, and other nodes to ask should this one be gone. */
function whepLinks(location: string, room: string, { cluster }: HttpContext['node']): string[] {
  const others = otherAddresses(cluster, MAX_ALTERNATES);
  return [
    `<${location}/events>; rel="${EVENTS_RELATION}"`,
    ...others.map((url) => `<${url}/whep/${room}>; rel="${ALTERNATE_RELATION}"`),
  ];
}

/** Players and publishers live on pages of any origin; they carry tokens, not cookies. */
const crossOrigin: RequestHandler = (request, response, next) => {
  response.set({
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': 'Location, ETag, Link, Retry-After, Accept-Post',
    'Cross-Origin-Resource-Policy': 'cross-origin',
  });
  if (request.method === 'OPTIONS') {
    response.set({
      'Access-Control-Allow-Methods': 'POST, PATCH, DELETE, OPTIONS',
      'Access-Control-Allow-Headers': 'Authorization, Content-Type, If-Match',
      'Access-Control-Max-Age': '86400',
    });
  }
  next();
};
