/** `/api/cluster`: all nodes, links and rooms for whoever has the admin token, and draining of nodes. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { json, type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { bearerToken } from '../auth/tokens.js';
import { ServerError } from '../errors.js';
import { validate } from '../validation.js';
import { type HttpContext, limited } from './context.js';
import { methodNotAllowed, requireType } from './errors.js';

const DrainRequest = z.strictObject({ draining: z.boolean().default(true) });
const readJson = json({ limit: '1kb', strict: true, type: 'application/json' });

export function clusterApi({ config, limits, node }: HttpContext): Router {
  const router = Router();
  const needsToken: RequestHandler = (request, _, next) => {
    const given = bearerToken(request.headers.authorization);
    if (config.adminToken === undefined) {
      throw new ServerError('unauthorized', 'this server has no admin token: start it with --admin-token');
    }
    if (given === undefined || !same(given, config.adminToken)) {
      throw new ServerError('unauthorized', 'this needs Authorization: Bearer with the admin token');
    }
    next();
  };

  router
    .route('/')
    .get(limited(limits, 'tokens'), needsToken, async (_, response) => {
      response.set('Cache-Control', 'no-store').json(await node.status.all());
    })
    .all(methodNotAllowed('GET', 'HEAD'));

  router
    .route('/nodes/:node/drain')
    .post(
      limited(limits, 'tokens'),
      needsToken,
      requireType('application/json', { optional: true }),
      readJson,
      async (request, response) => {
        const { draining } = validate(DrainRequest, request.body ?? {});
        const id = String(request.params.node);
        await node.drain.ask(id, draining);
        response.status(202).json({ node: id, draining });
      },
    )
    .all(methodNotAllowed('POST'));
  return router;
}

/** Also their lengths are nobody's business. */
function same(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(a, b);
}
