/** The built web app: its files, and its page at every address that is the app's own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type RequestHandler, Router } from 'express';

/** Where `npm run build:web` puts it. */
export const DEFAULT_WEB_ROOT = fileURLToPath(new URL('../../../../apps/web/dist', import.meta.url));

/** Addresses that the app routes by itself. */
const PAGES = ['/', '/room/:id', '/admin'];
const PLAYER = '/watch/:id';

/** WHEP may redirect the player to other servers, and which there will be is not known when its page is loaded. */
const playerPolicy: RequestHandler = (_, response, next) => {
  const policy = String(response.getHeader('Content-Security-Policy') ?? '');
  // On a page over HTTPS browsers refuse `http:` by themselves.
  response.set('Content-Security-Policy', policy.replace(/connect-src [^;]*/, "connect-src 'self' http: https:"));
  next();
};

export function webApp(root: string): Router {
  const router = Router();
  const page = join(root, 'index.html');
  const sendPage: RequestHandler = (_, response, next) => {
    if (!existsSync(page)) {
      response.status(503).type('text/plain').send('The web app is not built yet: run "npm run build:web".\n');
      return;
    }
    response.sendFile(page, { headers: { 'Cache-Control': 'no-cache' } }, (error) => error && next(error));
  };
  router.get(PAGES, sendPage);
  router.get(PLAYER, playerPolicy, sendPage);
  // Their names carry a hash of what is in them.
  router.use('/assets', express.static(join(root, 'assets'), { immutable: true, maxAge: '1y', index: false }));
  router.use(express.static(root, { index: false, maxAge: '1h', redirect: false }));
  return router;
}
