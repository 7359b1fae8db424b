/** Somebody on another node, as that node told of them by one bridge, and what they send to people here and waits for those. */
import { costOf, FileQueue } from '../file-queue.js';
import type { DataRouter, DataSender, RoutedMessage } from '../router.js';

export class FarSender implements DataSender {
  readonly far = true;
  readonly queue: FileQueue;
  /** False: gone from there. */
  here = true;
  /** Cost of what came and wasn't given back to their node as room. */
  pending = 0;
  /** Of it, that of what doesn't wait here any more. */
  passed = 0;

  /** `changed`: it has passed something on, or there may be room for what waits. */
  constructor(
    readonly address: string,
    readonly router: DataRouter,
    readonly changed: (sender: FarSender) => void,
  ) {
    this.queue = new FileQueue(this, router, (cost) => {
      this.passed += cost;
      changed(this);
    });
  }

  wake(): void {
    this.changed(this);
  }

  take(message: RoutedMessage): void {
    this.pending += costOf(message);
    this.queue.push(message);
  }

  /** A message of theirs that is not passed on. */
  refuse(message: RoutedMessage): void {
    this.pending += costOf(message);
    this.passed += costOf(message);
  }

  /** What waits is dropped. */
  leave(): void {
    this.here = false;
    this.queue.clear();
    this.router.forget(this);
  }
}
