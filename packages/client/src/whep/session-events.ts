import { webAddress } from './link-header.js';

export interface SessionOrders {
  /** The server wants this player to be elsewhere. */
  move(url: string): void;
  /** Where else the same is to be watched. */
  alternates(urls: string[]): void;
  /** The session is over. */
  end(): void;
  /** The connection broke: so may the media. */
  broken(): void;
}

const MAX_ALTERNATES = 8;
/** After a refusal, which browsers take as final, ms. */
const OPEN_AGAIN_MS = 3_000;

/** Listens to a session's events; returns the end of it. Without server-sent events in the browser there are none. */
export function listen(url: string, orders: SessionOrders): () => void {
  if (typeof EventSource === 'undefined') return () => {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  let source: EventSource;
  const open = () => {
    source = new EventSource(url);
    read(source, url, orders);
    source.onerror = () => {
      orders.broken();
      // The server may not have noticed yet that the one before is gone.
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, OPEN_AGAIN_MS);
    };
  };
  open();
  return () => {
    clearTimeout(timer);
    source.onerror = null;
    source.close();
  };
}

function read(source: EventSource, url: string, orders: SessionOrders): void {
  const on = (name: string, take: (data: Record<string, unknown>) => void) =>
    source.addEventListener(name, (event) => {
      let data: unknown;
      try {
        data = JSON.parse(String((event as MessageEvent).data));
      } catch {
        // Not from a server that we know.
      }
      take(Object(data));
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
  on('end', () => orders.end());
}
