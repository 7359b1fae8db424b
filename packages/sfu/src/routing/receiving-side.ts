/** How what a transport receives is chosen: for a client by what its path carries, for a pipe by what its other end asks for. */
import type { Reception } from '../worker/control.js';
import type { VirtualStream } from './virtual-stream.js';

export interface ReceivingSide {
  /** It takes producers as such, to hand them on: not whoever has their place. */
  readonly exact: boolean;
  /** Something it goes by has changed: `tick` is to look again. */
  dirty: boolean;
  /** Somebody wants to know how it goes. */
  watched: boolean;
  /** Chooses anew, now. */
  allocate(): void;
  /** About every 100 ms, and soon after it got dirty. */
  tick(now: number): void;
  /** Every 20 ms. */
  probe(now: number): void;
  /** Some times a second. */
  protect(now: number): void;
  /** Transport-wide feedback, in the arena. */
  feedback(bytes: Uint8Array, offset: number, length: number): void;
  remb(bps: number): void;
  /** A stream's first packet of a new source went out. */
  started(stream: VirtualStream): void;
  forget(stream: VirtualStream): void;
  /** Whether its request for a key frame is to be heard. */
  mayAsk(stream: VirtualStream, now: number): boolean;
  setReception(reception: Reception): void;
}
