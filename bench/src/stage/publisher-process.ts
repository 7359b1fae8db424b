/** The publisher as its parent sees it. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { IceParameters, SdpFingerprint } from '@efir/rtc';
import type { ClientAgreement } from '@efir/sfu';
import { BenchError } from '../errors.js';
import type { Stage } from './stage.js';

export type Shape = 'equal' | 'single' | 'trace';

export type ToPublisher =
  | { type: 'connect'; agreement: ClientAgreement; shape: Shape }
  | { type: 'rate'; packetsPerSecond: number; paced: boolean }
  | { type: 'close' };

export type ToParent =
  | { type: 'ready'; ice: IceParameters; fingerprint: SdpFingerprint }
  | { type: 'connected'; packetsPerFrame: number }
  | { type: 'failed'; reason: string }
  /** Answers `rate`: packets sent since the start. */
  | { type: 'sent'; packets: number; keyFrames: number };

const SCRIPT = fileURLToPath(new URL('./publisher-main.js', import.meta.url));

export class PublisherProcess {
  /** Of the shape, on average. */
  readonly packetsPerFrame: number;
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, packetsPerFrame: number) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.packetsPerFrame = packetsPerFrame;
  }

  /** Connects it to the stage's worker. It sends nothing before `rate()`. */
  static async start(stage: Stage, shape: Shape): Promise<PublisherProcess> {
    const child = fork(SCRIPT, [], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const { ice, fingerprint } = await answer(child, 'ready');
    const agreement = await stage.configurePublisher(ice, fingerprint);
    const connected = answer(child, 'connected');
    child.send({ type: 'connect', agreement, shape } satisfies ToPublisher);
    const { packetsPerFrame } = await connected;
    return new PublisherProcess(child, packetsPerFrame);
  }

  /** From now on; `paced`: a frame's packets spread as a browser does. Resolves with the packets sent so far. */
  async rate(packetsPerSecond: number, paced = false): Promise<number> {
    const sent = answer(this.#child, 'sent');
    this.#child.send({ type: 'rate', packetsPerSecond, paced } satisfies ToPublisher);
    return (await sent).packets;
  }

  close(): void {
    if (this.#child.connected) this.#child.send({ type: 'close' } satisfies ToPublisher);
  }
}

function answer<T extends ToParent['type']>(child: ChildProcess, type: T): Promise<Extract<ToParent, { type: T }>> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    const onMessage = (message: ToParent): void => {
      if (message.type === 'failed') {
        settle();
        reject(new BenchError(`the publisher can't connect: ${message.reason}`));
      } else if (message.type === type) {
        settle();
        resolve(message as Extract<ToParent, { type: T }>);
      }
    };
    const onExit = (): void => {
      settle();
      reject(new BenchError('the publisher ended'));
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}
