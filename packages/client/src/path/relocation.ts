import type { ArriveReply, EnterReply, ServerEvents, ViewRequest } from '@efir/protocol';
import { EfirError } from '../errors.js';
import { Signalling } from '../signalling.js';
import type { Paths } from './paths.js';
import type { SfuPath } from './sfu-path.js';

type Entered = Extract<EnterReply, { ok: true }>;

export interface RelocationHost {
  /** As whom we are in the room; null: we aren't in a state to go anywhere. */
  passport(): { room: string; name: string; resume: string } | null;
  /** What the page shows; null: it hasn't said. */
  view(): ViewRequest | null;
  /** The connection that is in use, once we have gone over. */
  readonly signalling: Pick<Signalling, 'request'>;
  readonly paths: Pick<Paths, 'beside' | 'failed'>;
  build(entered: Entered, signalling: Pick<Signalling, 'request'>): SfuPath;
  /** We are there: in the turn in which the server says so. */
  arrived(signalling: Signalling, path: SfuPath, entered: Entered, there: Extract<ArriveReply, { ok: true }>): void;
  /** We stay. */
  stayed(): void;
}

/**
 * Going over to another server of the cluster, as the one in use is to end: a connection and media there first, beside what
 * there is. That goes on until the new media flows; if it never does, it stays, until the server tells us again.
 */
export class Relocation {
  /** What is being built. */
  path: SfuPath | null = null;
  /** We have said that we are there: the server in use will close our connection. */
  arriving = false;
  private underWay: Signalling | null = null;
  private ended = false;

  constructor(private readonly host: RelocationHost) {}

  /** To the first that takes us. */
  async begin({ urls, from }: ServerEvents['move']): Promise<void> {
    if (this.underWay || this.ended) return;
    for (const url of urls) {
      const passport = this.host.passport();
      if (!passport || this.ended) return;
      const signalling = new Signalling(url);
      this.underWay = signalling;
      const gone = await this.goTo(signalling, { ...passport, from }).catch(() => false);
      this.underWay = null;
      if (gone) return;
      if (this.path)
        this.host.paths.failed(this.path, new EfirError('unavailable', 'The other server does not take us'));
      this.path = null;
      this.arriving = false;
      signalling.close();
      if (!this.ended) this.host.stayed();
    }
  }

  close(): void {
    this.ended = true;
    this.underWay?.close();
  }

  /** Rejects, or resolves with false, if it came to nothing. */
  private async goTo(
    signalling: Signalling,
    passport: { room: string; name: string; resume: string; from: string },
  ): Promise<boolean> {
    const { host } = this;
    const lost = new Promise<never>((_, reject) => {
      const fail = () => reject(new EfirError('signalling', 'The other server is not reached'));
      for (const name of ['lost', 'closed', 'media-restart'] as const) signalling.on(name, fail);
    });
    const opened = new Promise((resolve) => signalling.once('open', resolve));
    signalling.open();
    await Promise.race([opened, lost]);
    const entered = await signalling.request('enter', { ...passport, batches: true });
    const path = host.build(entered, {
      request: (...request) => (this.underWay === signalling ? signalling : host.signalling).request(...request),
    });
    // What is said twice is to be heard once.
    path.quiet = true;
    this.path = path;
    signalling.on('streams', ({ streams, missing }) => path.streams(streams, missing));
    signalling.on('layers', (event) => path.layers(event));
    const view = host.view();
    if (view) await signalling.request('view', view);
    if (!(await Promise.race([host.paths.beside(path), lost]))) return false;
    this.arriving = true;
    await Promise.race([
      lost,
      signalling.request('arrive', {}, (there) => {
        this.underWay = null;
        this.path = null;
        this.arriving = false;
        host.arrived(signalling, path, entered, there);
        void path.speakUp();
      }),
    ]);
    return true;
  }
}
