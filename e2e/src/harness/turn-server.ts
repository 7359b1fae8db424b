import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './ports.js';
import { until } from './until.js';

export const hasTurnServer = Boolean(process.env.EFIR_TURNSERVER);

const RELAY_PORTS = 40;

/** A coturn of the test's own on loopback, with a shared secret as in production. */
export class TurnServer {
  /** Everything it wrote. */
  log = '';

  private constructor(
    private readonly process: ChildProcess,
    readonly port: number,
    readonly secret: string,
    private readonly folder: string,
  ) {
    const keep = (chunk: Buffer) => {
      this.log = (this.log + chunk.toString()).slice(-1_000_000);
    };
    process.stdout?.on('data', keep);
    process.stderr?.on('data', keep);
  }

  /** For `--turn-url`. */
  url(transport: 'udp' | 'tcp' = 'udp'): string {
    return `turn:127.0.0.1:${this.port}?transport=${transport}`;
  }

  /** Resolves when it takes connections. */
  static async start(secret = 'a secret of the test'): Promise<TurnServer> {
    const program = process.env.EFIR_TURNSERVER;
    if (!program) throw new Error('no coturn: name its program in EFIR_TURNSERVER');
    const port = await freePorts();
    const relayPorts = await freePorts(RELAY_PORTS);
    const folder = mkdtempSync(join(tmpdir(), 'efir-turn-'));
    const flags = {
      'listening-ip': '127.0.0.1',
      'listening-port': port,
      'relay-ip': '127.0.0.1',
      'min-port': relayPorts,
      'max-port': relayPorts + RELAY_PORTS - 1,
      realm: 'efir.test',
      'static-auth-secret': secret,
      // Loopback peers are refused without one.
      'cli-password': 'none',
      pidfile: join(folder, 'pid'),
      userdb: join(folder, 'db'),
      'log-file': 'stdout',
    };
    const switches = ['use-auth-secret', 'allow-loopback-peers', 'no-cli', 'no-tls', 'no-dtls', 'no-multicast-peers'];
    const args = ['-n', '-v', ...switches.map((name) => `--${name}`)];
    args.push(...Object.entries(flags).map(([name, value]) => `--${name}=${value}`));
    const server = new TurnServer(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }), port, secret, folder);
    try {
      await until(() => server.takesConnections(), { within: 10_000, what: 'coturn takes connections', every: 50 });
    } catch (error) {
      await server.stop();
      throw new Error(`${(error as Error).message}\ncoturn wrote:\n${server.log}`);
    }
    return server;
  }

  private takesConnections(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
  }

  async stop(): Promise<void> {
    const child = this.process;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
      await ended;
      clearTimeout(timer);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
