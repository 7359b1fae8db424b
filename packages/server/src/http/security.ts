import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** Headers that keep our page to itself and let it do what it must: camera, microphone, screen, WebSockets, blobs. */
/** `elsewhere`: pages may have to go on at other servers of a cluster. */
export function securityHeaders({ elsewhere = false }: { elsewhere?: boolean } = {}): RequestHandler[] {
  return [
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'self'"],
          scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
          styleSrc: ["'self'", "'unsafe-inline'"],
          imgSrc: ["'self'", 'data:', 'blob:'],
          fontSrc: ["'self'", 'data:'],
          mediaSrc: ["'self'", 'blob:', 'mediastream:'],
          // 'self' does not cover WebSockets in all browsers.
          connectSrc: ["'self'", 'ws:', 'wss:', ...(elsewhere ? ['http:', 'https:'] : [])],
          workerSrc: ["'self'", 'blob:'],
          manifestSrc: ["'self'"],
          objectSrc: ["'none'"],
          baseUri: ["'self'"],
          formAction: ["'self'"],
          frameAncestors: ["'self'"],
        },
      },
      // A self-signed certificate or plain HTTP on a LAN must stay possible: whoever ends TLS sets it.
      strictTransportSecurity: false,
      // Browsers complain about it on plain HTTP, where it does nothing.
      crossOriginOpenerPolicy: false,
      referrerPolicy: { policy: 'same-origin' },
    }),
    (_, response, next) => {
      response.set(
        'Permissions-Policy',
        'camera=(self), microphone=(self), display-capture=(self), autoplay=(self), fullscreen=(self), ' +
          'picture-in-picture=(self), speaker-selection=(self), screen-wake-lock=(self), geolocation=(), payment=(), usb=()',
      );
      next();
    },
  ];
}
