/** A server, the browsers and everybody in them, for the tests of one file; cleaned up, with pictures of what went wrong. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach } from 'vitest';
import { type ChromiumOptions, launchChromium, launchFirefox, type TestBrowser } from './browsers.js';
import { Participant } from './participant.js';
import type { ProbeOptions } from './probe.js';
import { Server, type ServerOptions } from './server.js';

const RESULTS = fileURLToPath(new URL('../../../test-results/', import.meta.url));

export interface JoinOptions {
  browser?: 'chromium' | 'firefox';
  query?: Record<string, string>;
  probe?: ProbeOptions;
  /** Of another server than the stage's. */
  url?: string;
}

export class Stage {
  readonly people: Participant[] = [];
  private readonly closers: (() => unknown)[] = [];
  private server_: Promise<Server> | undefined;
  private readonly browsers = new Map<string, Promise<TestBrowser>>();
  private rooms = 0;

  constructor(
    private readonly serverOptions: ServerOptions = {},
    private readonly chromiumOptions: ChromiumOptions = {},
  ) {}

  /** Started at the first use, and shared by the file. */
  server(): Promise<Server> {
    this.server_ ??= Server.start(this.serverOptions);
    return this.server_;
  }

  browser(name: 'chromium' | 'firefox' = 'chromium'): Promise<TestBrowser> {
    const launched =
      this.browsers.get(name) ?? (name === 'chromium' ? launchChromium(this.chromiumOptions) : launchFirefox());
    this.browsers.set(name, launched);
    return launched;
  }

  /** A room name nobody had before. */
  room(): string {
    return `room-${++this.rooms}`;
  }

  async join(room: string, name: string, { browser, query, probe, url }: JoinOptions = {}): Promise<Participant> {
    const at = url ?? (await this.server()).url;
    const person = await Participant.join(await this.browser(browser), at, room, name, { query, probe });
    this.people.push(person);
    return person;
  }

  /** Somebody on the first page of the app. */
  async arrive(name: string, { browser, probe, url }: JoinOptions = {}): Promise<Participant> {
    const at = url ?? (await this.server()).url;
    const person = await Participant.arrive(await this.browser(browser), at, name, { probe });
    this.people.push(person);
    return person;
  }

  /** Closes somebody's page. */
  async leave(person: Participant): Promise<void> {
    const at = this.people.indexOf(person);
    if (at >= 0) this.people.splice(at, 1);
    await person.close();
  }

  /** To be closed after the test. */
  later(close: () => unknown): void {
    this.closers.push(close);
  }

  async afterTest(name: string, failed: boolean): Promise<void> {
    if (failed) await this.keepEvidence(name);
    for (const person of this.people.splice(0)) await person.close().catch(() => {});
    for (const close of this.closers.splice(0)) await close();
  }

  async close(): Promise<void> {
    for (const browser of this.browsers.values()) await (await browser).close().catch(() => {});
    if (this.server_) await (await this.server_).stop();
  }

  private async keepEvidence(name: string): Promise<void> {
    mkdirSync(RESULTS, { recursive: true });
    const base = `${RESULTS}${name.replace(/[^\w-]+/g, '-').slice(0, 80)}`;
    const server = await this.server_?.catch(() => undefined);
    if (server) writeFileSync(`${base}.server.log`, server.log);
    for (const person of this.people) {
      await person.page.screenshot(`${base}.${person.name}.png`).catch(() => {});
      const stats = await person.stats().catch(() => null);
      const text = `${person.page.console.join('\n')}\n\n${JSON.stringify(stats, null, 1)}\n`;
      writeFileSync(`${base}.${person.name}.txt`, text);
    }
  }
}

/** A stage for the file that calls this. */
export function useStage(server?: ServerOptions, chromium?: ChromiumOptions): Stage {
  const stage = new Stage(server, chromium);
  afterEach(({ task }) => stage.afterTest(task.name, task.result?.state === 'fail'));
  afterAll(() => stage.close());
  return stage;
}
