import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Front {
  /** `http://localhost:port`. */
  url: string;
  close(): void;
}

/** True: answered, or going to be. */
export type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Another origin before a server: passes on what `intercept` leaves. */
export async function serveFront(target: string, intercept: Intercept): Promise<Front> {
  const server = createServer((incoming, outgoing) => {
    if (intercept(incoming, outgoing)) return;
    const { method, headers, url } = incoming;
    const onward = request(new URL(url ?? '/', target), { method, headers }, (answer) => {
      // What `intercept` has set stands.
      outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...outgoing.getHeaders() });
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
