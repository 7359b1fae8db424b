/** WHEP: one POST makes a viewer who gets one audio and one video, those of whoever speaks. */
import type { Router } from 'express';
import { viewerArrives } from '../broadcast/arrivals.js';
import { invitation } from '../drain/invitation.js';
import { ServerError } from '../errors.js';
import { readOffer } from '../media/sdp.js';
import { randomId } from '../rooms/participant.js';
import type { Viewer } from '../rooms/room.js';
import type { HttpContext } from './context.js';
import { mediaRoutes, type OpenSession } from './media-routes.js';
import type { HttpMediaSession, HttpMediaSessions } from './media-sessions.js';

export function whep(context: HttpContext, sessions: HttpMediaSessions): Router {
  const open: OpenSession = async ({ room: roomId, sdp, grant, invited, loopback }) => {
    if (!grant.subscribe) throw new ServerError('forbidden', 'the token does not allow watching');
    const offer = readOffer(sdp);
    const { broadcasts, calls } = context.node;
    const room = (await viewerArrives(broadcasts, roomId, invited)) ?? (await calls.find(roomId));
    if (!room) throw new ServerError('not-found', `there is no room ${roomId}`, 2);
    const other = room.settings.kind === 'call' ? calls.sendOn(roomId, 'viewer') : null;
    if (other) {
      // Nobody else may be in it, and for this one it was opened.
      room.checkEmpty();
      throw await invitation(context.tokens, roomId, grant, other);
    }

    let session: HttpMediaSession | null = null;
    let lost = false;
    const viewer: Viewer = {
      ended() {
        lost = true;
        if (session) sessions.end(session, 'lost');
      },
    };
    try {
      room.addViewer(viewer);
    } catch (error) {
      room.checkEmpty();
      throw error;
    }
    const { engine } = room;
    try {
      const { worker, router } = await room.branches.seat(viewer);
      const media = engine.openSession({
        worker,
        router,
        transport: `viewer-${randomId()}.1`,
        policy: { publish: false, subscribe: true, videoCodecs: room.settings.videoCodecs, streamId: room.id },
      });
      try {
        const agreed = media.agree(offer);
        const receiving = agreed.sections.filter(({ downlink }) => downlink !== undefined);
        if (receiving.length === 0) throw new ServerError('unsupported', 'the offer receives nothing that we send');
        const answer = await media.accept(agreed, engine.candidates(worker, loopback));
        const first = (['audio', 'video'] as const).flatMap((kind) => receiving.find((one) => one.kind === kind) ?? []);
        await media.route(first.map(({ mid }) => ({ mid, source: { follow: 'speaker' } })));
        if (lost || media.ended) throw new ServerError('unavailable', 'media is not available at the moment', 1);

        session = sessions.add('whep', roomId, () => {
          engine.closeSession(media);
          room.removeViewer(viewer);
        });
        media.onLost = (reason) => viewer.ended(reason);
        return { session, answer };
      } catch (error) {
        engine.closeSession(media);
        throw error;
      }
    } catch (error) {
      room.removeViewer(viewer);
      throw error;
    }
  };
  return mediaRoutes('whep', context, sessions, open);
}
