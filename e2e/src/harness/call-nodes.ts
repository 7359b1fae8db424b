/** Servers of one cluster for calls, each in its own process, on a Redis of their own. */
import { freePorts } from './ports.js';
import { Redis } from './redis.js';
import { Server } from './server.js';
import { until } from './until.js';

const SECRET = 'a-secret-of-the-tests';
const ADMIN_TOKEN = 'an-admin-token-of-the-tests';
/** So long the people of a lost node are waited for. */
export const GRACE_MS = 4000;

interface Load {
  participants: number;
  rooms: number;
}

interface Overview {
  self: string;
  nodes: { id: string; load: Load | null }[];
}

export class CallNodes {
  readonly servers: Server[] = [];

  private constructor(readonly redis: Redis) {}

  static async start(program: string, count: number, meshMax = 0): Promise<CallNodes> {
    const nodes = new CallNodes(await Redis.start(program));
    for (let n = 0; n < count; n++) await nodes.add(meshMax);
    await until(
      async () => {
        const counts = await Promise.all(nodes.servers.map((server) => server.metric('efir_cluster_nodes')));
        return counts.every((seen) => seen === count);
      },
      { within: 10_000, what: 'all nodes see each other' },
    );
    return nodes;
  }

  async add(meshMax = 0): Promise<Server> {
    const port = await freePorts();
    const id = `node-${this.servers.length}`;
    const flags = ['--redis', this.redis.url, '--cluster-secret', SECRET, '--node-id', id];
    const server = await Server.start({
      ...{ port, meshMax },
      args: [
        ...[...flags, '--public-url', `http://localhost:${port}`, '--resume-grace-ms', `${GRACE_MS}`],
        ...['--admin-token', ADMIN_TOKEN],
      ],
    });
    this.servers.push(server);
    return server;
  }

  /** Of a room, as this node tells it. */
  async people(server: Server, room: string): Promise<number> {
    const response = await server.request(`/api/rooms/${room}`);
    return response.ok ? ((await response.json()) as { participants: number }).participants : 0;
  }

  async drain(server: Server): Promise<void> {
    const { self } = await this.#overview(server);
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    await server.request(`/api/cluster/nodes/${self}/drain`, { method: 'POST', headers });
  }

  /** As the server itself reports it, each second. */
  async loadOf(server: Server): Promise<Load | null> {
    const { self, nodes } = await this.#overview(server);
    return nodes.find(({ id }) => id === self)?.load ?? null;
  }

  async #overview(server: Server): Promise<Overview> {
    const response = await server.request('/api/cluster', { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    return (await response.json()) as Overview;
  }

  /** Process and workers, as when a machine stops. */
  async kill(server: Server): Promise<void> {
    this.servers.splice(this.servers.indexOf(server), 1);
    for (const pid of server.workerPids()) process.kill(pid, 'SIGKILL');
    await server.stop('SIGKILL');
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
    await this.redis.kill();
  }
}
