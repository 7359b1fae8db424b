/** `efir drain`: a node takes nobody new, and those on it are moved; waits until it is empty. */
import { parseArgs } from 'node:util';

const USAGE = `Usage: efir drain <node> [options]

The node takes nobody new, hands over the broadcasts whose home it is, and those on it are told to go on elsewhere. Returns
when nobody watches or takes part on it any more. Whoever is in a mesh stays, as their media needs no server.

  --url <url>            any server of the cluster (default: http://localhost:3000)
  --admin-token <token>  as the servers have it (default: EFIR_ADMIN_TOKEN)
  --undo                 the node takes people again
  --timeout <seconds>    wait so long at most (default: 60)
  --no-wait              return at once
`;

const LOOK_MS = 500;
/** What those who have gone sent there goes on for so long, until everybody has the new. */
const LINGER_MS = 3000;

interface Overview {
  nodes: { id: string; draining: boolean; load: { viewers: number; participants: number } | null }[];
}

/** Who is still there; null: it can't be said yet. A node that is gone has nobody. */
export function remaining({ nodes }: Overview, node: string): { viewers: number; participants: number } | null {
  const found = nodes.find(({ id }) => id === node);
  if (!found) return { viewers: 0, participants: 0 };
  // The report may be of the moment before.
  return found.draining && found.load ? { viewers: found.load.viewers, participants: found.load.participants } : null;
}

export const command = {
  name: 'drain',
  summary: 'empty a node of a cluster, to stop it without anybody noticing',
  /** Resolves with the exit code: 0 when the node is empty. */
  async run(args: string[]): Promise<number> {
    let parsed: ReturnType<typeof parse>;
    try {
      parsed = parse(args);
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
      return 2;
    }
    const { values, positionals } = parsed;
    const token = values['admin-token'] ?? process.env.EFIR_ADMIN_TOKEN;
    const [node] = positionals;
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    const seconds = Number(values.timeout ?? '60');
    if (node === undefined || positionals.length > 1 || token === undefined || !(seconds > 0)) {
      process.stderr.write(`${token === undefined ? 'There is no --admin-token.' : 'Which node?'}\n\n${USAGE}`);
      return 2;
    }
    const url = (values.url ?? 'http://localhost:3000').replace(/\/+$/, '');
    try {
      await ask(`${url}/api/cluster/nodes/${encodeURIComponent(node)}/drain`, token, { draining: !values.undo });
      if (values.undo || values['no-wait']) return 0;
      return await emptied(url, token, node, seconds);
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\n`);
      return 1;
    }
  },
};

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      'admin-token': { type: 'string' },
      undo: { type: 'boolean' },
      timeout: { type: 'string' },
      'no-wait': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

async function emptied(url: string, token: string, node: string, seconds: number): Promise<number> {
  const started = performance.now();
  const passed = (): string => ((performance.now() - started) / 1000).toFixed(1);
  let emptySince = Number.POSITIVE_INFINITY;
  for (let told = ''; ; ) {
    const left = remaining((await ask(`${url}/api/cluster`, token)) as Overview, node);
    const text = left ? `${left.viewers} viewers, ${left.participants} participants` : told;
    if (text !== told) process.stdout.write(`${node}: ${text}\n`);
    told = text;
    const now = performance.now();
    const empty = left !== null && left.viewers + left.participants === 0;
    emptySince = empty ? Math.min(emptySince, now) : Number.POSITIVE_INFINITY;
    if (now - emptySince > LINGER_MS) {
      process.stdout.write(`${node} is empty after ${passed()} s\n`);
      return 0;
    }
    if (!empty && now - started > seconds * 1000) {
      process.stderr.write(`${node} still has ${text} after ${passed()} s\n`);
      return 1;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function ask(url: string, token: string, body?: object): Promise<unknown> {
  const response = await fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: { Authorization: `Bearer ${token}`, ...(body && { 'Content-Type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  const { error } = JSON.parse(text || '{}') as { error?: { message?: string } };
  throw new Error(`${response.status}: ${error?.message ?? 'the server refused'}`);
}
