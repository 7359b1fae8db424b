import { webAddress } from './link-header.js';

export interface SessionOrders {
  /** The server wants this player to be elsewhere. */
  move(url: string): void;
  /** Where else the same is to be watched. */
  alternates(urls: string[]): void;
  /** The connection broke: so may the media. */
  broken(): void;
}

const MAX_ALTERNATES = 8;

/** Listens to a session's events; returns the end of it. Without server-sent events in the browser there are none. */
export function listen(url: string, orders: SessionOrders): () => void {
  if (typeof EventSource === 'undefined') return () => {};
  const source = new EventSource(url);
  const on = (name: string, take: (data: Record<string, unknown>) => void) =>
    source.addEventListener(name, (event) => {
      try {
        take(Object(JSON.parse(String((event as MessageEvent).data))));
      } catch {
        // Not from a server that we know.
      }
    });
  on('move', (data) => {
    const target = webAddress(data.url, url);
    if (target) orders.move(target);
  });
  on('alternates', ({ urls }) => {
    if (!Array.isArray(urls)) return;
    const known = urls.slice(0, MAX_ALTERNATES).map((one) => webAddress(one, url));
    orders.alternates(known.filter((one) => one !== null));
  });
  source.onerror = () => orders.broken();
  return () => source.close();
}
