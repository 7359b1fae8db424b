import { Emitter } from '../../emitter.js';

/**
 * `offered`: the receiver hasn't said yes. `checking`: all bytes are there, the hash is being looked at.
 * `declined`, `cancelled`: by a person; `failed`: see `reason`.
 */
export type FileState = 'offered' | 'active' | 'checking' | 'done' | 'declined' | 'cancelled' | 'failed';

/** `stalled`: nothing got through. `unanswered`: nobody said yes or no. `corrupt`: the hash is another. `left`: the other end went. `refused`: too much at once. */
export type FileFailure = 'stalled' | 'unanswered' | 'corrupt' | 'left' | 'refused';

export interface FileDescription {
  name: string;
  /** Bytes. */
  size: number;
  /** MIME type; may be empty. Not to be trusted. */
  type: string;
}

export interface FileTransferActions {
  accept(): void;
  cancel(): void;
}

/** A file on its way between us and one participant. */
export class FileTransfer extends Emitter<{ changed: object }> {
  state: FileState = 'offered';
  reason: FileFailure | null = null;
  /** Bytes at the receiver. */
  bytes = 0;
  /** What was received, when it is `done`. */
  blob: Blob | null = null;
  /** ms since the epoch, of the offer. */
  readonly at = Date.now();
  /** Grows with every change; a cheap snapshot for UI libraries. */
  version = 0;

  constructor(
    /** Unique on this page. */
    readonly id: string,
    readonly direction: 'in' | 'out',
    /** Id of the participant at the other end, and their name at the time. */
    readonly peer: string,
    readonly peerName: string,
    readonly file: FileDescription,
    /** The same for all transfers of one `send`. */
    readonly batch: string,
    private readonly actions: FileTransferActions,
  ) {
    super();
  }

  get over(): boolean {
    return !['offered', 'active', 'checking'].includes(this.state);
  }

  /** Of an incoming one: yes. */
  accept(): void {
    if (this.direction === 'in' && this.state === 'offered') this.actions.accept();
  }

  /** Either end may, at any time; of an incoming offer it means no. */
  cancel(): void {
    if (!this.over) this.actions.cancel();
  }

  /** @internal */
  become(state: FileState, reason: FileFailure | null = null): void {
    if (this.over) return;
    this.state = state;
    this.reason = reason;
    this.touch();
  }

  /** @internal */
  advance(bytes: number): void {
    if (bytes === this.bytes) return;
    this.bytes = bytes;
    this.touch();
  }

  private touch(): void {
    this.version++;
    this.emit('changed', {});
  }
}
