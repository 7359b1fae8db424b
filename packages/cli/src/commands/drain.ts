/** `efir drain`: a node takes nobody new, and those on it are moved; waits until it is empty. */
import { parseArgs } from 'node:util';

const USAGE = `Usage: efir drain <node> [options]

The node takes nobody new, and its viewers are told to go on elsewhere. Returns when nobody watches on it any more.

  --url <url>            any server of the cluster (default: http://localhost:3000)
  --admin-token <token>  as the servers have it (default: EFIR_ADMIN_TOKEN)
  --undo                 the node takes people again
  --timeout <seconds>    wait so long at most (default: 60)
  --no-wait              return at once
`;

const LOOK_MS = 500;

interface Overview {
  nodes: { id: string; draining: boolean; load: { viewers: number } | null }[];
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
  for (let left = -1; ; ) {
    const { nodes } = (await ask(`${url}/api/cluster`, token)) as Overview;
    const found = nodes.find(({ id }) => id === node);
    // The report may be of the moment before.
    const viewers = found?.draining ? (found.load?.viewers ?? 0) : found ? -1 : 0;
    if (viewers >= 0 && viewers !== left) process.stdout.write(`${node}: ${viewers} viewers\n`);
    left = viewers;
    if (viewers === 0) {
      process.stdout.write(`${node} is empty after ${passed()} s\n`);
      return 0;
    }
    if (performance.now() - started > seconds * 1000) {
      process.stderr.write(`${node} still has viewers after ${passed()} s\n`);
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
