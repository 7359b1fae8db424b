import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { hasNamespaces, NetworkNamespace } from './harness/network-namespace.js';
import { freePorts } from './harness/ports.js';
import { Server, type ServerOptions } from './harness/server.js';
import { skewedClock } from './harness/skewed-clock.js';
import { useStage } from './harness/stage.js';
import { hasTurnServer, TurnServer } from './harness/turn-server.js';

const MAIN = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url));

const stage = useStage();
const turn = hasTurnServer ? await TurnServer.start() : null;
afterAll(() => turn?.stop());

interface Finding {
  name: string;
  status: 'ok' | 'warning' | 'problem';
  finding: string;
  remedy?: string;
}

interface Diagnosis {
  exitCode: number;
  checks: Finding[];
  /** Those of one name. */
  of(name: string): Finding[];
}

interface Visit {
  env?: NodeJS.ProcessEnv;
  /** Where the doctor is; default: here. */
  from?: NetworkNamespace;
}

/** `efir doctor --json …` */
function examine(args: string[], { env = {}, from }: Visit = {}): Promise<Diagnosis> {
  const own = [MAIN, 'doctor', '--json', ...args];
  const [program, given] = from ? from.command(process.execPath, own) : [process.execPath, own];
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, NODE_OPTIONS: '', ...env }, timeout: 60_000 };
    execFile(program, given, options, (error, stdout, stderr) => {
      const exitCode = error ? Number(error.code) : 0;
      try {
        const { checks } = JSON.parse(stdout) as { checks: Finding[] };
        resolve({ exitCode, checks, of: (name) => checks.filter((check) => check.name === name) });
      } catch {
        reject(new Error(`the doctor ended with ${exitCode}:\n${stdout}${stderr}`));
      }
    });
  });
}

async function start(options: ServerOptions): Promise<Server> {
  const server = await Server.start(options);
  stage.later(() => server.stop());
  return server;
}

const at = (server: Server) => ['--url', server.url, '--media-port', `${server.mediaPort}`];
const announcing = (...addresses: string[]) => addresses.flatMap((address) => ['--announced-ip', address]);

test('a server in order has no problems, on any of its media ports', async () => {
  const server = await start({ workers: 2, args: announcing('127.0.0.1') });
  const { exitCode, of, checks } = await examine(at(server));
  expect(checks.filter(({ status }) => status === 'problem')).toEqual([]);
  expect(exitCode).toBe(0);
  const ports = `${server.mediaPort}-${server.mediaPort + 1}`;
  expect(of('media')[0]).toMatchObject({
    status: 'ok',
    finding: expect.stringContaining(`127.0.0.1 answers on ports ${ports} by UDP and TCP`),
  });
  const rooms = await (await server.request('/api/rooms')).json();
  expect(rooms).toEqual([]);
});

test('a wrong announced address is found, where nothing answers', async () => {
  const server = await start({ args: announcing('203.0.113.77') });
  const { exitCode, of } = await examine(at(server));
  expect(exitCode).toBe(1);
  // Some networks have something that takes every TCP connection, to whatever address.
  expect(of('media')).toMatchObject([
    {
      status: 'problem',
      finding: expect.stringMatching(
        /the announced address 203\.0\.113\.77,|203\.0\.113\.77,.*announced address is wrong/,
      ),
      remedy: expect.stringContaining('--announced-ip'),
    },
  ]);
});

test('a wrong announced address is found, where something else answers', async () => {
  const args = ['--media-listen', '127.0.0.1', ...announcing('127.0.0.2')];
  const server = await start({ args });
  const empty = await examine(at(server));
  expect(empty.of('media')[0]).toMatchObject({
    status: 'problem',
    finding: expect.stringMatching(/Nobody listens at 127\.0\.0\.2.*announced address is wrong/),
  });

  const shared = await freePorts();
  const other = ['--media-listen', '127.0.0.2', '--media-port', `${shared}`];
  await start({ args: other });
  const ours = await start({ args: [...args, '--media-port', `${shared}`] });
  const taken = await examine(['--url', ours.url, '--media-port', `${shared}`]);
  expect(taken.exitCode).toBe(1);
  expect(taken.of('media')[0]).toMatchObject({
    status: 'problem',
    finding: expect.stringMatching(/Something else than this server answers at 127\.0\.0\.2/),
  });
});

test('where no server runs, that is what it says', async () => {
  const url = `http://localhost:${await freePorts()}`;
  const { exitCode, of } = await examine(['--url', url]);
  expect(exitCode).toBe(1);
  expect(of('server')).toMatchObject([{ status: 'problem', finding: `No server runs at ${url} (ECONNREFUSED).` }]);
});

test('a clock that is off is found', async () => {
  const { exitCode, of } = await examine(at(await stage.server()), { env: skewedClock(7200) });
  expect(exitCode).toBe(1);
  expect(of('clock')).toMatchObject([{ status: 'problem', finding: expect.stringContaining('2 h behind') }]);
});

test('where tokens are required, the API secret lets the doctor in', async () => {
  const server = await start({
    args: ['--require-tokens', '--api-secret', 'north-by-north', ...announcing('127.0.0.1')],
  });
  const without = await examine(at(server));
  expect(without.of('signalling')).toMatchObject([
    { status: 'warning', remedy: expect.stringContaining('--api-secret') },
  ]);
  const wrong = await examine([...at(server), '--api-secret', 'another-one']);
  expect(wrong.of('signalling')).toMatchObject([{ status: 'problem' }]);
  const right = await examine([...at(server), '--api-secret', 'north-by-north']);
  expect(right.of('signalling')).toMatchObject([{ status: 'ok' }]);
  expect(right.of('media')[0]).toMatchObject({ status: 'ok' });
});

describe.skipIf(!hasTurnServer)('with a TURN server (coturn)', () => {
  const flags = (secret: string, url = turn?.url() ?? '') => ['--turn-url', url, '--turn-secret', secret];

  test('it is tried over UDP and TCP with credentials from the secret', async () => {
    const { secret } = turn!;
    const urls = [...flags(secret), '--turn-url', turn!.url('tcp')];
    const { of } = await examine([...at(await stage.server()), ...urls]);
    expect(of('turn').map(({ status }) => status)).toEqual(['ok', 'ok']);
  });

  test('a wrong TURN secret is found, given to the doctor or to the server', async () => {
    const given = await examine([...at(await stage.server()), ...flags('another secret')]);
    expect(given.exitCode).toBe(1);
    expect(given.of('turn')).toMatchObject([
      {
        status: 'problem',
        finding: expect.stringContaining('Wrong TURN secret'),
        remedy: expect.stringContaining('static-auth-secret'),
      },
    ]);
    const server = await start({ args: flags('another secret') });
    const learned = await examine(at(server));
    expect(learned.exitCode).toBe(1);
    expect(learned.of('turn')).toMatchObject([
      { status: 'problem', finding: expect.stringContaining('wrong TURN secret') },
    ]);
    const well = await start({ args: flags(turn!.secret) });
    expect((await examine(at(well))).of('turn')).toMatchObject([{ status: 'ok' }]);
  });

  test('credentials that are out of date by the TURN server’s clock are told apart from a wrong secret', async () => {
    const { of } = await examine([...at(await stage.server()), ...flags(turn!.secret)], { env: skewedClock(-7200) });
    expect(of('turn')).toMatchObject([{ status: 'problem', finding: expect.stringContaining('its clock is ahead') }]);
  });

  test('a TURN server that is not there is found', async () => {
    const gone = `turn:127.0.0.1:${await freePorts()}`;
    const { exitCode, of } = await examine([...at(await stage.server()), ...flags('x', gone)]);
    expect(exitCode).toBe(1);
    expect(of('turn')).toMatchObject([{ status: 'problem', finding: expect.stringContaining('Nobody listens') }]);
  });
});

describe.skipIf(!hasNamespaces)('from another machine (network namespace)', () => {
  test('blocked UDP and blocked TCP are told apart from each other and from a wrong address', async () => {
    const machine = await NetworkNamespace.create();
    stage.later(() => machine.remove());
    const server = await start({ args: announcing(machine.here) });
    const url = ['--url', `http://${machine.here}:${server.port}`, '--media-port', `${server.mediaPort}`];
    const media = async () => (await examine(url, { from: machine })).of('media');

    expect(await media()).toMatchObject([{ status: 'ok' }]);
    await machine.filterOutput(`udp dport ${server.mediaPort} drop`);
    expect(await media()).toMatchObject([
      {
        status: 'problem',
        finding: expect.stringContaining('UDP is blocked'),
        remedy: expect.stringContaining(`Let UDP in to port ${server.mediaPort}`),
      },
    ]);
    await machine.filterOutput(`tcp dport ${server.mediaPort} drop`);
    expect(await media()).toMatchObject([
      {
        status: 'problem',
        finding: expect.stringContaining('Nothing answers'),
        remedy: expect.stringContaining('let UDP and TCP in'),
      },
    ]);
    await machine.exec('nft', ['delete', 'table', 'inet', 'efir']);
    await machine.filterOutput(`tcp dport ${server.mediaPort} drop`);
    expect(await media()).toMatchObject([{ status: 'warning', finding: expect.stringContaining('TCP is blocked') }]);
  });

  test('a page on plain HTTP from elsewhere is a problem', async () => {
    const machine = await NetworkNamespace.create();
    stage.later(() => machine.remove());
    const server = await start({ args: announcing(machine.here) });
    const { exitCode, of } = await examine(['--url', `http://${machine.here}:${server.port}`], { from: machine });
    expect(exitCode).toBe(1);
    expect(of('https')).toMatchObject([{ status: 'problem', finding: expect.stringContaining('no camera') }]);
  });
});
