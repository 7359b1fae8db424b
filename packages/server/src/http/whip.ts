/** WHIP: one POST makes a participant who only publishes. */
import { DisplayName } from '@efir/protocol';
import type { Router } from 'express';
import { publisherArrives } from '../broadcast/arrivals.js';
import { invitation } from '../drain/invitation.js';
import { ServerError } from '../errors.js';
import { readOffer } from '../media/sdp.js';
import { answerOffer } from '../rooms/negotiation.js';
import { Participant } from '../rooms/participant.js';
import { validate } from '../validation.js';
import type { HttpContext } from './context.js';
import { mediaRoutes, type OpenSession } from './media-routes.js';
import type { HttpMediaSession, HttpMediaSessions } from './media-sessions.js';

const DEFAULT_NAME = 'WHIP';

export function whip(context: HttpContext, sessions: HttpMediaSessions): Router {
  const open: OpenSession = async ({ room: roomId, sdp, grant, name, loopback }) => {
    if (!grant.publish) throw new ServerError('forbidden', 'the token does not allow publishing');
    const displayName = grant.name ?? validate(DisplayName, name?.trim() || DEFAULT_NAME);
    // A bad offer makes no room.
    readOffer(sdp);
    const { broadcasts, calls } = context.node;
    await publisherArrives(broadcasts, roomId, grant.name);
    // Who publishes a broadcast has to be at its home, also while that drains.
    const other = broadcasts.home(roomId) ? null : calls.sendOn(roomId, 'participant');
    if (other) throw await invitation(context.tokens, roomId, grant, other);

    let session: HttpMediaSession | null = null;
    const participant = new Participant({
      name: displayName,
      permissions: { publish: true, subscribe: false },
      onMediaLost: () => session && sessions.end(session, 'lost'),
    });
    const room = await calls.enter(roomId);
    const release = room.hold();
    try {
      room.topology.admit('sfu-only');
      const answer = await answerOffer(room, participant, { sdp, tracks: [], fresh: true }, loopback);
      if (participant.tracks.length === 0) throw new ServerError('unsupported', 'the offer sends nothing that we take');
      if (!participant.media?.worker.alive) throw new ServerError('unavailable', 'media is not available', 1);
      room.join(participant);
      session = sessions.add('whip', roomId, (reason) => room.leave(participant, reason));
      return { session, answer };
    } catch (error) {
      room.discard(participant);
      throw error;
    } finally {
      release();
    }
  };
  return mediaRoutes('whip', context, sessions, open);
}
