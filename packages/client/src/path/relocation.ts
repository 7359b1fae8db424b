import type { ArriveReply, EnterReply, ServerEvents, ViewRequest } from '@efir/protocol';
import { EfirError } from '../errors.js';
import type { RoomState } from '../events.js';
import type { RoomOptions } from '../options.js';
import { Signalling } from '../signalling.js';
import { type PathFactoryHost, pathFactory } from './factory.js';
import type { Paths } from './paths.js';
import { SfuPath } from './sfu-path.js';

type Entered = Extract<EnterReply, { ok: true }>;

export interface RelocationHost {
  readonly options: RoomOptions;
  /** The connection that is in use, once we have gone over the new one. */
  readonly signalling: Pick<Signalling, 'request'>;
  readonly paths: Pick<Paths, 'current' | 'next' | 'beside' | 'giveUp'>;
  state(): RoomState;
  /** The secret by which we are who we are. */
  resume(): string | undefined;
  /** What the page shows; null: it hasn't said. */
  view(): ViewRequest | null;
  /** For paths of the server in use. */
  factory(): PathFactoryHost;
  /** We are there: in the turn in which the server says so. `path` may have been closed meanwhile. */
  arrived(signalling: Signalling, path: SfuPath, entered: Entered, there: Extract<ArriveReply, { ok: true }>): void;
  /** We stay. */
  stayed(): void;
}

/** Media that doesn't flow there by then never will, ms. */
const PATIENCE_MS = 15_000;

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

  /** To the first that takes us. Not while something is being mended or moved. */
  async begin({ urls, from }: ServerEvents['move']): Promise<void> {
    if (this.underWay) return;
    for (const url of urls) {
      const { paths } = this.host;
      const resume = this.host.resume();
      const well = this.host.state() === 'connected' && paths.current instanceof SfuPath && !paths.next;
      if (this.ended || !well || resume === undefined) return;
      const signalling = new Signalling(url);
      this.underWay = signalling;
      const gone = await this.goTo(signalling, resume, from).catch(() => false);
      this.underWay = null;
      if (gone) return;
      if (this.path) paths.giveUp(this.path);
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
  private async goTo(signalling: Signalling, resume: string, from: string): Promise<boolean> {
    const { host } = this;
    const { room, name } = host.options;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const lost = new Promise<never>((_, reject) => {
      const fail = () => reject(new EfirError('signalling', 'The other server does not take us'));
      for (const event of ['lost', 'closed', 'media-restart'] as const) signalling.on(event, fail);
      timer = setTimeout(fail, PATIENCE_MS);
    });
    try {
      const opened = new Promise((resolve) => signalling.once('open', resolve));
      signalling.open();
      await Promise.race([opened, lost]);
      const entered = await signalling.request('enter', { room, name, resume, from, batches: true });
      const path = this.build(signalling, entered);
      const view = host.view();
      if (view) await signalling.request('view', view);
      if (!(await Promise.race([host.paths.beside(path), lost]))) return false;
      this.arriving = true;
      const arrived = signalling.request('arrive', {}, (there) => {
        this.underWay = null;
        this.path = null;
        this.arriving = false;
        host.arrived(signalling, path, entered, there);
        if (host.paths.current === path) void path.speakUp();
      });
      await Promise.race([arrived, lost]);
      return true;
    } finally {
      clearTimeout(timer);
    }
  }

  private build(signalling: Signalling, entered: Entered): SfuPath {
    const { host } = this;
    // Later the connection is the one in use, and may be another by and by.
    const request: Signalling['request'] = (...asked) =>
      (this.underWay === signalling ? signalling : host.signalling).request(...asked);
    const path = pathFactory({
      ...host.factory(),
      signalling: { request },
      iceServers: () => entered.iceServers,
      tellMuted: async (source, muted) => void (await request('mute', { source, muted }).catch(() => {})),
    })('sfu', 'entered') as SfuPath;
    // What is said twice is to be heard once.
    path.quiet = true;
    this.path = path;
    signalling.on('streams', ({ streams, missing }) => path.streams(streams, missing));
    signalling.on('layers', (event) => path.layers(event));
    return path;
  }
}
