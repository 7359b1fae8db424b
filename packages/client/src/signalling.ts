import type { ClientRequests, ServerEvents, SFU_NAMESPACE } from '@efir/protocol';
import { io, type Socket } from 'socket.io-client';
import { Emitter } from './emitter.js';
import { EfirError } from './errors.js';

// By type only: the schemas stay out of the browser's bundle.
const NAMESPACE: typeof SFU_NAMESPACE = '/sfu';

export const SIGNALLING_TIMES = {
  /** For the socket to open, ms. */
  open: 6_000,
  /** The same after an interruption, in two attempts of three: one that was begun too early hangs on when the network is back. */
  reopen: 2_000,
  /** For a request to be answered, ms. */
  request: 6_000,
} as const;

export interface SignallingEvents extends ServerEvents {
  /** The socket is open; nothing was said yet. */
  open: object;
  /** The socket closed, or couldn't be opened. */
  lost: { reason: string };
}

type Requests = ClientRequests;
type Granted<Name extends keyof Requests> = Extract<Requests[Name]['reply'], { ok: true }>;

const SERVER_EVENTS = [
  'participant-joined',
  'participant-updated',
  'participant-left',
  'participants',
  'streams',
  'quality',
  'layers',
  'overload',
  'speaker',
  'move',
  'media-restart',
  'topology',
  'relay',
  'said',
  'closed',
] as const satisfies (keyof ServerEvents)[];

/** The socket to the server. Doesn't come back by itself: `open()` is called by who decides that. */
export class Signalling extends Emitter<SignallingEvents> {
  private socket: Socket | null = null;
  private attempts = 0;
  private opened = false;
  /** Where a socket is opened next; undefined: where the page came from. */
  private url: string | undefined;
  /** Servers of the cluster to try when that one can't be reached. */
  private others: (string | undefined)[] = [];

  constructor(private readonly first: string | undefined) {
    super();
    this.url = first;
  }

  get connected(): boolean {
    return this.socket?.connected === true;
  }

  /** What an `enter` told. */
  private setAlternatives(urls: readonly string[]): void {
    this.others = [this.first, ...urls].filter((url) => url !== this.url);
  }

  /** Opens a socket; one that is open is replaced without a `lost`. */
  open(): void {
    this.discard();
    const hasty = this.opened && this.attempts++ % 3 < 2;
    const options = {
      reconnection: false,
      forceNew: true,
      timeout: hasty ? SIGNALLING_TIMES.reopen : SIGNALLING_TIMES.open,
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
    };
    const socket: Socket = this.url ? io(this.url.replace(/\/$/, '') + NAMESPACE, options) : io(NAMESPACE, options);
    this.listen(socket);
  }

  /** The other's socket is ours from now on, and the one so far is closed. The other is of no more use. */
  adopt(other: Signalling): void {
    const { socket } = other;
    this.discard();
    this.url = other.url;
    this.others = [this.first, ...other.others].filter((url) => url !== this.url);
    other.socket = null;
    if (!socket) return;
    socket.off();
    this.listen(socket);
    this.opened = true;
    this.attempts = 0;
  }

  private listen(socket: Socket): void {
    this.socket = socket;
    const lost = (reason: string) => {
      if (this.socket !== socket) return;
      this.discard();
      this.emit('lost', { reason });
    };
    socket.on('connect', () => {
      if (this.socket !== socket) return;
      this.opened = true;
      this.attempts = 0;
      this.emit('open', {});
    });
    socket.on('connect_error', (error) => {
      if (this.socket === socket) this.turn();
      lost(error.message);
    });
    socket.on('disconnect', (reason) => lost(reason));
    for (const name of SERVER_EVENTS) {
      socket.on(name, (payload: unknown) => {
        if (this.socket !== socket || payload === null || typeof payload !== 'object') return;
        this.emit(name, payload as SignallingEvents[typeof name]);
      });
    }
  }

  /**
   * Rejects with the server's code, or `timeout`, or `signalling` when the socket isn't open or breaks.
   * `onReply` runs in the turn in which the reply arrives, before any later message is handled.
   */
  request<Name extends keyof Requests>(
    name: Name,
    payload: Requests[Name]['request'],
    onReply?: (reply: Granted<Name>) => void,
  ): Promise<Granted<Name>> {
    const socket = this.socket;
    if (!socket?.connected) return Promise.reject(new EfirError('signalling', 'There is no connection to the server'));
    return new Promise((resolve, reject) => {
      socket
        .timeout(SIGNALLING_TIMES.request)
        .emit(name, payload, (failed: Error | null, reply?: Requests[Name]['reply']) => {
          if (failed) {
            const text = `The server didn't answer ${name}`;
            reject(new EfirError(socket.connected ? 'timeout' : 'signalling', text, { cause: failed }));
          } else if (reply?.ok) {
            if (name === 'enter') this.setAlternatives((reply as Granted<'enter'>).alternatives ?? []);
            onReply?.(reply as Granted<Name>);
            resolve(reply as Granted<Name>);
          } else {
            if (reply?.error.code === 'elsewhere') this.goTo(reply.error.url);
            const error = reply?.error ?? { code: 'internal' as const, message: `No proper reply to ${name}` };
            reject(new EfirError(error.code, error.message));
          }
        });
    });
  }

  close(): void {
    this.discard();
  }

  /** From the next `open` on. */
  private goTo(url: string | undefined): void {
    if (url === undefined || !/^https?:\/\//.test(url)) return;
    if (!this.others.includes(this.url)) this.others.push(this.url);
    this.others = this.others.filter((other) => other !== url);
    this.url = url;
  }

  /** The next time another server is asked, and this one after all others. */
  private turn(): void {
    const [next] = this.others;
    if (this.others.length === 0) return;
    this.others = [...this.others.slice(1), this.url];
    this.url = next;
  }

  private discard(): void {
    const socket = this.socket;
    this.socket = null;
    socket?.off();
    socket?.disconnect();
  }
}
