/** `/api/rooms`: what rooms there are, their settings, and tokens for them. */
import { RoomId, type RoomList, RoomSettings, TokenRequest } from '@efir/protocol';
import { json, type Request, type RequestHandler, Router } from 'express';
import { bearerToken } from '../auth/tokens.js';
import { broadcastSettings } from '../broadcast/settings.js';
import { validate } from '../validation.js';
import { type HttpContext, limited } from './context.js';
import { methodNotAllowed, requireType } from './errors.js';

const readJson = json({ limit: '16kb', strict: true, type: 'application/json' });

export function roomsApi({ rooms, tokens, limits, node }: HttpContext): Router {
  const router = Router();
  const needsSecret: RequestHandler = (request, _, next) => {
    tokens.requireApiSecret(bearerToken(request.headers.authorization));
    next();
  };

  router
    .route('/')
    .get((_, response) => {
      const list: RoomList = rooms.list().map((room) => room.info());
      response.json(list);
    })
    .all(methodNotAllowed('GET', 'HEAD'));

  router
    .route('/:room')
    .get(async (request, response) => {
      const id = roomId(request);
      const here = rooms.find(id);
      const asked = here?.kind === 'call' ? undefined : broadcastSettings(node.broadcasts, id, { do: 'get' });
      const broadcast = await asked?.catch((error: unknown) => {
        // What this node carries it knows something of, also while its home can't be asked.
        if (!here) throw error;
        return undefined;
      });
      response.json(broadcast?.info ?? (await node.calls.info(id)));
    })
    .put(
      limited(limits, 'rooms'),
      needsSecret,
      requireType('application/json'),
      readJson,
      async (request, response) => {
        const id = roomId(request);
        const settings = validate(RoomSettings, request.body);
        const broadcast = await broadcastSettings(node.broadcasts, id, { do: 'put', settings });
        const { info, created } = broadcast ?? (await node.calls.put(id, settings));
        if (created) response.set('Location', `/api/rooms/${id}`);
        response.status(created ? 201 : 200).json(info);
      },
    )
    .delete(limited(limits, 'rooms'), needsSecret, async (request, response) => {
      const id = roomId(request);
      if (!(await broadcastSettings(node.broadcasts, id, { do: 'remove' }))) await node.calls.remove(id);
      response.status(204).end();
    })
    .all(methodNotAllowed('GET', 'HEAD', 'PUT', 'DELETE'));

  router
    .route('/:room/token')
    .post(
      limited(limits, 'tokens'),
      needsSecret,
      requireType('application/json', { optional: true }),
      readJson,
      async (request, response) => {
        const body = validate(TokenRequest, request.body ?? {});
        response.set('Cache-Control', 'no-store').json(await tokens.issue(roomId(request), body));
      },
    )
    .all(methodNotAllowed('POST'));

  return router;
}

/** Of the path. Throws `bad-request`. */
export function roomId(request: Request): string {
  return validate(RoomId, request.params.room);
}
