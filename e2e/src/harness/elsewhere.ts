/** Somebody whose machine is in our hands: their network, or all of it. */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChromiumOptions, launchChromium } from './browsers.js';
import type { NetworkNamespace } from './network-namespace.js';
import { Participant } from './participant.js';
import type { Stage } from './stage.js';

export interface ElsewhereOptions {
  query?: Record<string, string>;
  chromium?: ChromiumOptions;
}

/** Joins from a browser in another network. */
export async function joinFrom(
  network: NetworkNamespace,
  stage: Stage,
  room: string,
  name: string,
  { query, chromium }: ElsewhereOptions = {},
): Promise<Participant> {
  const url = `http://${network.here}:${(await stage.server()).port}`;
  const browser = await launchChromium({
    ...chromium,
    program: network.wrapper(chromiumPath()),
    // Cameras are for secure pages, and this one is on another machine.
    args: [`--unsafely-treat-insecure-origin-as-secure=${url}`],
  });
  stage.later(() => browser.close());
  const person = await Participant.join(browser, url, room, name, { query });
  stage.people.push(person);
  return person;
}

/** A browser that can be put to sleep with all that belongs to it, as by closing a laptop (Linux: reads /proc). */
export async function joinAsleep(
  stage: Stage,
  room: string,
  name: string,
  { query, chromium }: ElsewhereOptions = {},
): Promise<{ person: Participant; sleep(): void; wake(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'efir-'));
  const program = join(folder, 'run');
  const pidFile = join(folder, 'pid');
  writeFileSync(program, `#!/bin/sh\necho $$ > ${pidFile}\nexec ${chromiumPath()} "$@"\n`, { mode: 0o755 });
  const browser = await launchChromium({ ...chromium, program });
  const pid = Number(readFileSync(pidFile, 'utf8'));
  const signal = (name: NodeJS.Signals) => {
    for (const one of family(pid)) {
      try {
        process.kill(one, name);
      } catch {
        // It has ended.
      }
    }
  };
  const wake = () => signal('SIGCONT');
  stage.later(async () => {
    wake();
    await browser.close();
  });
  const person = await Participant.join(browser, (await stage.server()).url, room, name, { query });
  stage.people.push(person);
  return { person, sleep: () => signal('SIGSTOP'), wake };
}

function chromiumPath(): string {
  return process.env.EFIR_CHROMIUM ?? '';
}

/** A process and all that came from it. */
function family(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const parent = Number(/^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${entry}/stat`, 'utf8'))?.[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch {
      // It ended while we looked.
    }
  }
  const all = [root];
  for (const pid of all) all.push(...(children.get(pid) ?? []));
  return all;
}
