/**
 * The worker's end of the control channel: requests come in over `process.on('message')`, each is answered once by id, in
 * whatever order their handlers finish; notices go out unasked. The parent's end is `process.ts`.
 */
import type { ControlMessage, WorkerNotice, WorkerReplies, WorkerRequest } from './control.js';

export type WorkerErrorCode =
  /** The worker did not say `ready` in time, or ended before it. */
  | 'start-failed'
  /** No answer in time. */
  | 'timeout'
  /** The worker ended, or was closed, before it answered. */
  | 'gone'
  /** Every worker of the pool is down. */
  | 'no-worker'
  /** The worker refused; its own code is in `reason`. */
  | 'refused';

/** What goes wrong between a server and its workers. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
  constructor(
    readonly code: WorkerErrorCode,
    message: string,
    /** For `refused`: the code which the worker gave, such as `unknown-transport`. */
    readonly reason?: string,
  ) {
    super(message);
  }
}

/** Answers one request, now or by a promise; throws (or rejects) to refuse it: the error's `code`, if a string, travels to the parent. */
export type ControlHandler = (request: WorkerRequest) => unknown;

export interface ControlServer {
  /** Sent in order; dropped silently once the parent is gone. */
  notify(notice: WorkerNotice): void;
  /** The channel closed: nobody will ever ask for `shutdown`. At once, if it is closed already. */
  onParentGone(callback: () => void): void;
}

/** The part of `process` that is used; tests hand in their own. */
export interface ControlEndpoint {
  send?(message: ControlMessage, callback: (error: Error | null) => void): boolean;
  readonly connected: boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
}

export function serveControl(
  handle: ControlHandler,
  endpoint: ControlEndpoint = process as unknown as ControlEndpoint,
): ControlServer {
  const send = (message: ControlMessage): void => {
    if (!endpoint.connected || !endpoint.send) return;
    // A channel that breaks while we write reports itself by `disconnect`.
    endpoint.send(message, () => {});
  };

  const answer = async (id: number, request: WorkerRequest): Promise<void> => {
    try {
      const reply = await handle(request);
      send({ id, reply: (reply ?? {}) as WorkerReplies[keyof WorkerReplies] });
    } catch (error) {
      send({ id, error: describe(error) });
    }
  };

  endpoint.on('message', (message) => {
    const { id, request } = (message ?? {}) as { id?: unknown; request?: WorkerRequest };
    if (typeof id === 'number' && typeof request?.type === 'string') void answer(id, request);
  });

  return {
    notify: (notice) => send({ notice }),
    onParentGone(callback) {
      if (endpoint.connected) endpoint.on('disconnect', callback);
      else queueMicrotask(callback);
    },
  };
}

function describe(error: unknown): { code: string; message: string } {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return {
    code: typeof code === 'string' ? code : 'internal',
    message: typeof message === 'string' ? message : String(error),
  };
}
