/**
 * A media worker as its parent sees it: a child process with one loop and one port. It is `ready` once its port is open;
 * requests are answered one for one or fail with a `WorkerError`; when it ends, whatever waits for it fails with `gone`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { WorkerError } from './channel.js';
import type {
  ControlMessage,
  LoadFigures,
  WorkerNotice,
  WorkerOptions,
  WorkerReplies,
  WorkerRequest,
} from './control.js';

export interface SpawnOptions {
  /** CPU to stay on (Linux with `taskset`; elsewhere passed over). */
  pin?: number;
  /** Gets each line that the worker writes to its stdout or stderr. Default: nobody. */
  log?: (line: string, worker: number) => void;
  /** The worker's program; by default the media worker. */
  script?: string;
  /** Options of its Node, such as `--expose-gc`. */
  execArgv?: string[];
  /** Default 15,000. */
  startTimeoutMs?: number;
  /** Default 5,000. */
  requestTimeoutMs?: number;
}

export interface WorkerExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** `close()` was called before. */
  expected: boolean;
}

interface WorkerProcessEvents {
  notice: [WorkerNotice];
  exit: [WorkerExit];
}

type Ready = Extract<WorkerNotice, { type: 'ready' }>;

interface Waiting {
  resolve(reply: never): void;
  reject(error: WorkerError): void;
  timer: NodeJS.Timeout;
}

const DEFAULT_SCRIPT = fileURLToPath(new URL('./main.js', import.meta.url));
/** From `shutdown` to SIGKILL. */
const CLOSE_GRACE_MS = 3000;
/** A line of a worker's output is cut here. */
const MAX_LOG_LINE = 2000;

export class WorkerProcess extends EventEmitter<WorkerProcessEvents> {
  readonly index: number;
  readonly pid: number;
  /** The last `load` notice; null in the first second. */
  load: LoadFigures | null = null;

  readonly #child: ChildProcess;
  readonly #requestTimeoutMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #ready: Ready | null = null;
  #nextId = 1;
  #closing = false;
  #exited: WorkerExit | null = null;

  private constructor(index: number, child: ChildProcess, requestTimeoutMs: number) {
    super();
    this.index = index;
    this.pid = child.pid ?? 0;
    this.#child = child;
    this.#requestTimeoutMs = requestTimeoutMs;
    child.on('message', (message) => this.#received(message as ControlMessage));
    child.once('exit', (code, signal) => this.#ended(code, signal));
    // Writing to a process that has just died: `exit` tells the same.
    child.on('error', () => {});
  }

  /** Resolves once the worker is ready; rejects with `start-failed` when it ends, or stays silent, before that. */
  static spawn(options: WorkerOptions, spawnOptions: SpawnOptions = {}): Promise<WorkerProcess> {
    const child = launch(options, spawnOptions);
    const worker = new WorkerProcess(options.index, child, spawnOptions.requestTimeoutMs ?? 5000);
    const log = spawnOptions.log;
    const lastLines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      forwardLines(stream, (line) => {
        if (lastLines.push(line) > 5) lastLines.shift();
        log?.(line, options.index);
      });
    }

    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        worker.off('notice', onNotice);
        worker.off('exit', onExit);
        child.off('error', onError);
      };
      const fail = (why: string): void => {
        settle();
        child.kill('SIGKILL');
        const said = lastLines.length > 0 ? `: ${lastLines.join(' | ')}` : '';
        reject(new WorkerError('start-failed', `worker ${options.index} ${why}${said}`));
      };
      const onNotice = (notice: WorkerNotice): void => {
        if (notice.type !== 'ready') return;
        settle();
        resolve(worker);
      };
      const onExit = (exit: WorkerExit): void => fail(`ended at its start (${describeExit(exit)})`);
      const onError = (error: Error): void => fail(`could not be started (${error.message})`);
      const timer = setTimeout(() => fail('was not ready in time'), spawnOptions.startTimeoutMs ?? 15_000);
      worker.on('notice', onNotice);
      worker.on('exit', onExit);
      child.on('error', onError);
    });
  }

  /** Of its UDP and TCP socket. */
  get port(): number {
    return this.#started().port;
  }

  /** Of its DTLS certificate. */
  get fingerprint(): { algorithm: string; value: string } {
    return this.#started().fingerprint;
  }

  /** IP families it listens on. */
  get families(): (4 | 6)[] {
    return this.#started().families;
  }

  get alive(): boolean {
    return this.#exited === null && !this.#closing;
  }

  request<R extends WorkerRequest>(request: R): Promise<WorkerReplies[R['type']]> {
    if (!this.alive && request.type !== 'shutdown') return Promise.reject(this.#goneError());
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new WorkerError('timeout', `worker ${this.index} did not answer ${request.type} in time`));
      }, this.#requestTimeoutMs);
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject, timer });
      const message: ControlMessage = { id, request };
      if (!this.#child.connected) return this.#fail(id, this.#goneError());
      this.#child.send(message, (error) => {
        if (error) this.#fail(id, this.#goneError());
      });
    });
  }

  /** Asks it to shut down, kills it if it does not within three seconds; resolves when it has ended. */
  async close(): Promise<void> {
    if (this.#exited) return;
    const exited = new Promise<void>((resolve) => this.once('exit', () => resolve()));
    if (!this.#closing) {
      this.#closing = true;
      this.request({ type: 'shutdown' }).catch(() => {});
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_GRACE_MS);
      this.once('exit', () => clearTimeout(timer));
    }
    await exited;
  }

  #started(): Ready {
    if (!this.#ready) throw new WorkerError('start-failed', `worker ${this.index} is not ready yet`);
    return this.#ready;
  }

  #received(message: ControlMessage): void {
    if ('notice' in message) {
      const { notice } = message;
      if (notice.type === 'ready') this.#ready = notice;
      else if (notice.type === 'load') this.load = notice.load;
      this.emit('notice', notice);
      return;
    }
    if ('request' in message) return;
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return;
    if ('error' in message) {
      this.#fail(message.id, new WorkerError('refused', message.error.message, message.error.code));
      return;
    }
    this.#waiting.delete(message.id);
    clearTimeout(waiting.timer);
    waiting.resolve(message.reply as never);
  }

  #fail(id: number, error: WorkerError): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.reject(error);
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.#exited = { code, signal, expected: this.#closing };
    for (const id of [...this.#waiting.keys()]) this.#fail(id, this.#goneError());
    this.emit('exit', this.#exited);
  }

  #goneError(): WorkerError {
    const how = this.#exited ? describeExit(this.#exited) : 'closing';
    return new WorkerError('gone', `worker ${this.index} is gone (${how})`);
  }
}

/** Megabytes of young objects: a larger nursery is only memory, as what a worker makes dies soon. */
const EXEC_ARGV = ['--max-semi-space-size=4'];

function launch(options: WorkerOptions, { pin, script, execArgv = EXEC_ARGV }: SpawnOptions): ChildProcess {
  const program = script ?? DEFAULT_SCRIPT;
  const pinned = pin !== undefined && process.platform === 'linux';
  // taskset replaces itself by Node: same process, same channel.
  return fork(program, [JSON.stringify(options)], {
    execPath: pinned ? 'taskset' : process.execPath,
    execArgv: pinned ? ['-c', String(pin), process.execPath, ...execArgv] : execArgv,
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

function forwardLines(stream: Readable | null, onLine: (line: string) => void): void {
  if (!stream) return;
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) =>
    onLine(line.length > MAX_LOG_LINE ? `${line.slice(0, MAX_LOG_LINE)}…` : line),
  );
}

function describeExit({ code, signal }: WorkerExit): string {
  return signal ? `signal ${signal}` : `code ${code}`;
}
