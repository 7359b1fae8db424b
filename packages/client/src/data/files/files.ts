import type { FileControl } from '@efir/protocol';
import { Emitter } from '../../emitter.js';
import { EfirError } from '../../errors.js';
import type { DataPayload, DataPort } from '../../path/media-path.js';
import { randomName } from '../message.js';
import { MAX_FILE_BYTES, readChunk, readControl, sha256, writeChunk } from './control.js';
import { type FileDescription, type FileFailure, FileTransfer } from './file-transfer.js';
import { IncomingTransfer } from './incoming.js';
import { OutgoingTransfer } from './outgoing.js';

export interface FilesHost {
  /** Of the path in use; null: there is none. */
  port(): DataPort | null;
  /** The others who may be sent files. */
  peers(): { id: string; name: string }[];
}

export interface FilesEvents {
  /** Somebody offers a file: `transfer.accept()` or `transfer.cancel()`. */
  offered: { transfer: FileTransfer };
  /** `list` is another. What a transfer itself does is told by its own `changed`. */
  list: object;
}

interface Outgoing {
  number: number;
  shown: FileTransfer;
  flow: OutgoingTransfer;
  bytes: Uint8Array<ArrayBuffer>;
  hash: string;
}

interface Incoming {
  number: number;
  shown: FileTransfer;
  flow: IncomingTransfer;
  hash: string;
}

/** Offers of one participant that wait for an answer. */
const OFFERS_EACH = 8;
/** Memory for files being received, all together. */
const RECEIVING_BYTES = 3 * MAX_FILE_BYTES;
/** Bytes in the channel's buffer above which nothing is added. */
const BUFFERED_BYTES = 262_144;
/** Transfers that are shown, over or not. */
const LONGEST_LIST = 200;
/** Control messages that wait for a channel. */
const LONGEST_QUEUE = 200;

/** Files to and from the others, by the data channel of that name. One sender's file to several is several transfers. */
export class Files extends Emitter<FilesEvents> {
  private transfers: readonly FileTransfer[] = [];
  private readonly outgoing = new Map<string, Outgoing>();
  private readonly incoming = new Map<string, Incoming>();
  private readonly queue: { to: string; text: string }[] = [];
  private nextNumber = crypto.getRandomValues(new Uint32Array(1))[0] as number;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running = false;
  private closed = false;

  constructor(private readonly host: FilesHost) {
    super();
  }

  /** All of this page, oldest first. A new array after every change. */
  get list(): readonly FileTransfer[] {
    return this.transfers;
  }

  /**
   * Offers a file to one participant or (null) to all who are here. Rejects with `EfirError`: `too-large` (above 20 MB),
   * `not-secure` (the page isn't, so there is no hash), `not-found` (nobody is there).
   */
  async send(file: Blob & { name?: string }, to: string | null): Promise<FileTransfer[]> {
    if (file.size > MAX_FILE_BYTES) throw new EfirError('too-large', 'A file may have 20 MB at most');
    if (!globalThis.crypto?.subtle) throw new EfirError('not-secure', 'Files need HTTPS (or localhost)');
    const bytes = new Uint8Array(await file.arrayBuffer());
    const hash = await sha256(bytes);
    const receivers = this.host.peers().filter(({ id }) => to === null || id === to);
    if (receivers.length === 0) throw new EfirError('not-found', 'There is nobody to send the file to');
    const description = { name: (file.name || 'file').slice(0, 255), size: file.size, type: file.type.slice(0, 255) };
    const batch = randomName();
    const sent = receivers.map(({ id, name }) => this.offer(id, name, description, batch, bytes, hash));
    this.run();
    return sent;
  }

  received(from: string, data: DataPayload): void {
    if (this.closed) return;
    if (typeof data === 'string') {
      const control = readControl(data);
      if (control) this.control(from, control);
    } else {
      const chunk = readChunk(data);
      const transfer = chunk && this.incoming.get(key(from, chunk.transfer));
      if (transfer?.flow.chunk(chunk?.sequence ?? 0, chunk?.bytes ?? EMPTY, now())) void this.check(from, transfer);
      else if (transfer?.flow.state === 'done') this.tell(from, { kind: 'done', transfer: transfer.number });
      transfer?.shown.advance(transfer.flow.received);
    }
    this.run();
  }

  /** A channel opened or has room again. */
  wake(): void {
    this.run();
  }

  /** Media and data go another way now. */
  pathChanged(): void {
    for (const { flow } of this.outgoing.values()) flow.pathChanged(now());
    this.run();
  }

  left(peer: string): void {
    for (const one of [...this.outgoing.values(), ...this.incoming.values()]) {
      if (one.shown.peer !== peer) continue;
      one.shown.become('failed', 'left');
      this.end(one);
    }
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const one of [...this.outgoing.values(), ...this.incoming.values()]) {
      one.shown.become('cancelled');
      this.end(one);
    }
  }

  private offer(
    peer: string,
    name: string,
    file: FileDescription,
    batch: string,
    bytes: Uint8Array<ArrayBuffer>,
    hash: string,
  ): FileTransfer {
    this.nextNumber = (this.nextNumber + 1) >>> 0;
    const number = this.nextNumber;
    const shown = new FileTransfer(`out/${peer}/${number}`, 'out', peer, name, file, batch, {
      accept: () => {},
      cancel: () => this.cancel(peer, one),
    });
    const one: Outgoing = { number, shown, flow: new OutgoingTransfer(file.size, now()), bytes, hash };
    this.outgoing.set(key(peer, number), one);
    this.show(shown);
    return shown;
  }

  private control(from: string, control: FileControl): void {
    const at = key(from, control.transfer);
    if (control.kind === 'offer') {
      this.offered(from, control);
      return;
    }
    const out = this.outgoing.get(at);
    if (control.kind === 'cancel') {
      const one = out ?? this.incoming.get(at);
      if (!one) return;
      const declined = out !== undefined && one.shown.state === 'offered' && control.reason === undefined;
      const failure = failureOf(control.reason);
      one.shown.become(failure ? 'failed' : declined ? 'declined' : 'cancelled', failure);
      this.end(one);
      return;
    }
    if (!out) return;
    if (control.kind === 'accept') out.flow.accepted(now());
    else if (control.kind === 'progress') out.flow.progress(control.bytes, now());
    else out.flow.done();
    const { state } = out.flow;
    out.shown.advance(out.flow.acknowledged);
    if (state === 'done') {
      out.shown.become('done');
      this.end(out);
    } else if (out.shown.state !== 'checking') out.shown.become(state === 'checking' ? 'checking' : 'active');
  }

  private offered(
    from: string,
    { transfer: number, name, size, type, sha256: hash }: FileControl & { kind: 'offer' },
  ): void {
    if (this.incoming.has(key(from, number))) return;
    const peer = this.host.peers().find(({ id }) => id === from);
    const open = [...this.incoming.values()].filter(({ shown }) => shown.peer === from && !shown.over);
    if (!peer || open.length >= OFFERS_EACH) {
      this.tell(from, { kind: 'cancel', transfer: number, reason: 'refused' });
      return;
    }
    const shown = new FileTransfer(`in/${from}/${number}`, 'in', from, peer.name, { name, size, type }, randomName(), {
      accept: () => this.accept(from, one),
      cancel: () => this.cancel(from, one),
    });
    const one: Incoming = { number, shown, flow: new IncomingTransfer(size), hash };
    this.incoming.set(key(from, number), one);
    this.show(shown);
    this.emit('offered', { transfer: shown });
  }

  private accept(from: string, one: Incoming): void {
    const held = [...this.incoming.values()].filter(
      ({ shown }) => shown.state === 'active' || shown.state === 'checking',
    );
    if (held.reduce((sum, { shown }) => sum + shown.file.size, one.shown.file.size) > RECEIVING_BYTES) {
      one.shown.become('failed', 'refused');
      this.tell(from, { kind: 'cancel', transfer: one.number, reason: 'refused' });
      this.end(one);
      return;
    }
    one.flow.accept(now());
    one.shown.become('active');
    this.run();
    if (one.flow.state === 'checking') {
      this.tell(from, { kind: 'accept', transfer: one.number });
      void this.check(from, one);
    }
  }

  private cancel(peer: string, one: Outgoing | Incoming): void {
    const declined = one.shown.direction === 'in' && one.shown.state === 'offered';
    one.shown.become(declined ? 'declined' : 'cancelled');
    this.tell(peer, { kind: 'cancel', transfer: one.number });
    this.end(one);
  }

  /** All bytes are there: are they the right ones? */
  private async check(from: string, one: Incoming): Promise<void> {
    one.shown.advance(one.flow.received);
    one.shown.become('checking');
    const bytes = one.flow.take();
    const right = (await sha256(bytes).catch(() => '')) === one.hash;
    if (one.shown.over || this.closed) return;
    one.flow.over(right);
    if (right) {
      one.shown.blob = new Blob([bytes], { type: one.shown.file.type });
      one.shown.become('done');
      this.tell(from, { kind: 'done', transfer: one.number });
    } else {
      one.shown.become('failed', 'corrupt');
      this.tell(from, { kind: 'cancel', transfer: one.number, reason: 'corrupt' });
    }
    this.run();
  }

  private giveUp(peer: string, one: Outgoing | Incoming, reason: FileFailure): void {
    one.shown.become('failed', reason);
    this.tell(peer, { kind: 'cancel', transfer: one.number, reason });
    this.end(one);
  }

  /** Incoming ones that are done stay known: their sender may ask again how it went. */
  private end(one: Outgoing | Incoming): void {
    one.flow.over(false);
    for (const map of [this.outgoing, this.incoming]) {
      for (const [at, other] of map) if (other === one) map.delete(at);
    }
  }

  private show(shown: FileTransfer): void {
    const over = this.transfers.find((transfer) => transfer.over);
    const kept =
      this.transfers.length >= LONGEST_LIST && over ? this.transfers.filter((one) => one !== over) : this.transfers;
    if (kept !== this.transfers && over?.direction === 'in') {
      for (const [at, one] of this.incoming) if (one.shown === over) this.incoming.delete(at);
    }
    this.transfers = [...kept, shown];
    this.emit('list', {});
  }

  private tell(to: string, control: FileControl): void {
    if (this.queue.length >= LONGEST_QUEUE) this.queue.shift();
    this.queue.push({ to, text: JSON.stringify(control) });
    this.run();
  }

  /** Does whatever can be done now. */
  private run(): void {
    if (this.running || this.closed) return;
    this.running = true;
    const port = this.host.port();
    if (port) {
      this.flush(port);
      for (const one of [...this.incoming.values()]) this.report(port, one);
      // In turns, so that several share the way.
      for (let busy = true; busy; ) {
        busy = false;
        for (const one of [...this.outgoing.values()]) busy = this.forward(port, one) || busy;
      }
      this.flush(port);
    }
    this.running = false;
    clearTimeout(this.timer);
    const flows = [...this.outgoing.values(), ...this.incoming.values()].map(({ flow }) => flow.nextAt);
    const wait = Math.min(Number.POSITIVE_INFINITY, ...flows) - now();
    if (Number.isFinite(wait)) this.timer = setTimeout(() => this.run(), Math.max(200, wait));
  }

  private flush(port: DataPort): void {
    for (let i = 0; i < this.queue.length; ) {
      const { to, text } = this.queue[i] as { to: string; text: string };
      const gone = !this.host.peers().some(({ id }) => id === to);
      if (gone || port.send('file', to, text)) this.queue.splice(i, 1);
      else i++;
    }
  }

  private report(port: DataPort, one: Incoming): void {
    const { peer } = one.shown;
    if (!port.reaches('file', peer)) return;
    for (let step = one.flow.step(now()); step; step = one.flow.step(now())) {
      if (step.do === 'give-up') {
        this.giveUp(peer, one, 'stalled');
        return;
      }
      const { number: transfer } = one;
      const control: FileControl =
        step.do === 'accept' ? { kind: 'accept', transfer } : { kind: 'progress', transfer, bytes: step.bytes };
      port.send('file', peer, JSON.stringify(control));
    }
  }

  /** One step of one transfer. Whether there may be another at once. */
  private forward(port: DataPort, one: Outgoing): boolean {
    const { peer, file } = one.shown;
    if (!port.reaches('file', peer) || port.buffered('file', peer) > BUFFERED_BYTES) return false;
    const step = one.flow.step(now());
    if (!step) return false;
    if (step.do === 'give-up') {
      this.giveUp(peer, one, step.reason);
      return false;
    }
    if (step.do === 'offer') {
      const offer: FileControl = { kind: 'offer', transfer: one.number, ...file, sha256: one.hash };
      return port.send('file', peer, JSON.stringify(offer));
    }
    const taken = port.send(
      'file',
      peer,
      writeChunk(one.number, step.sequence, one.bytes.subarray(step.from, step.to)),
    );
    if (!taken) one.flow.unsent(step.from);
    return taken;
  }
}

const EMPTY = new Uint8Array(0);
const FAILURES: readonly string[] = ['stalled', 'unanswered', 'corrupt', 'refused'] satisfies FileFailure[];
const failureOf = (reason: string | undefined): FileFailure | null =>
  reason !== undefined && FAILURES.includes(reason) ? (reason as FileFailure) : null;
const key = (peer: string, number: number): string => `${peer}/${number}`;
const now = (): number => performance.now();
