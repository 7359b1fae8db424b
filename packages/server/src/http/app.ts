/** The Express app: API, WHIP and WHEP, health and metrics, and the web app. */
import express, { type Express, type RequestHandler } from 'express';
import { clusterApi } from './cluster-api.js';
import type { HttpContext } from './context.js';
import { errorHandler, methodNotAllowed, notFound } from './errors.js';
import { roomsApi } from './rooms-api.js';
import { securityHeaders } from './security.js';
import { DEFAULT_WEB_ROOT, webApp } from './web-app.js';
import { whep } from './whep.js';
import { whip } from './whip.js';

export function createApp(context: HttpContext): Express {
  const { config, workers, metrics, log } = context;
  const app = express();
  app.set('trust proxy', config.trustProxy);
  app.disable('x-powered-by');
  app.use(observe(context));
  app.use(...securityHeaders({ elsewhere: context.node.clustered }));

  app
    .route('/healthz')
    .get((_, response) => {
      const up = workers.workers.length;
      const body = { status: up > 0 ? 'ok' : 'unavailable', workers: { up, total: workers.size } };
      response
        .status(up > 0 ? 200 : 503)
        .set('Cache-Control', 'no-store')
        .json(body);
    })
    .all(methodNotAllowed('GET', 'HEAD'));
  app
    .route('/metrics')
    .get(async (_, response) => {
      const text = await metrics.text();
      response.type(metrics.registry.contentType).send(text);
    })
    .all(methodNotAllowed('GET', 'HEAD'));

  const { sessions } = context.node;
  app.use('/api/cluster', clusterApi(context));
  app.use('/api/rooms', roomsApi(context));
  app.use('/whip', whip(context, sessions));
  app.use('/whep', whep(context, sessions));
  app.use(webApp(config.webRoot ?? DEFAULT_WEB_ROOT));
  app.use(notFound);
  app.use(errorHandler(log));
  return app;
}

/** Counts every request under the route that served it, never under what the client wrote. */
function observe({ metrics, log }: HttpContext): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    response.once('close', () => {
      const ms = performance.now() - start;
      const path: unknown = request.route?.path;
      const route = path === undefined ? 'other' : `${mount(request.originalUrl)}${String(path)}`;
      const { method } = request;
      metrics.httpRequests.inc({ method, route, status: response.statusCode });
      metrics.httpSeconds.observe({ route }, ms / 1000);
      log.debug({ method, route, status: response.statusCode, ms: Math.round(ms * 10) / 10 }, 'request');
    });
    next();
  };
}

/** The router that served it: the part of the address which is ours. */
function mount(url: string): string {
  return /^\/(api\/rooms|api\/cluster|whip|whep)(?=[/?]|$)/.exec(url)?.[0] ?? '';
}
