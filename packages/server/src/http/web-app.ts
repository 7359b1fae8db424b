/** The built web app: its files, and its page at every address that is the app's own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type RequestHandler, Router } from 'express';
import { playerPolicy } from './security.js';

/** Where `npm run build:web` puts it. */
export const DEFAULT_WEB_ROOT = fileURLToPath(new URL('../../../../apps/web/dist', import.meta.url));

/** Addresses that the app routes by itself. */
const PAGES = ['/', '/room/:id', '/admin'];
const PLAYER = '/watch/:id';

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
