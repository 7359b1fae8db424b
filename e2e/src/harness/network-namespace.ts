/**
 * Another machine as far as the network goes: a namespace of its own, with a cable to this one (Linux, root, iproute2 and
 * nftables).
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const runs = (program: string, args: string[]): boolean => {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** Namespaces can be made here. */
export const hasNamespaces = (() => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const probe = `efir-p${process.pid}`;
  if (!runs('nft', ['--version']) || !runs('ip', ['netns', 'add', probe])) return false;
  return runs('ip', ['netns', 'delete', probe]);
})();

let made = 0;

export class NetworkNamespace {
  private constructor(
    readonly name: string,
    /** Of this machine, at its end of the cable. */
    readonly here: string,
    /** Of the other one. */
    readonly there: string,
  ) {}

  static async create(): Promise<NetworkNamespace> {
    const number = ++made;
    // 15 characters at most, for the cable's ends.
    const name = `efir${process.pid % 1_000_000}n${number}`;
    const network = `10.213.${process.pid % 256}`;
    const [here, there] = [`${network}.${number * 4 + 1}`, `${network}.${number * 4 + 2}`];
    const namespace = new NetworkNamespace(name, here, there);
    const [near, far] = [`${name}h`, `${name}g`];
    try {
      await run('ip', ['netns', 'add', name]);
      await run('ip', ['link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name]);
      await run('ip', ['address', 'add', `${here}/30`, 'dev', near]);
      await run('ip', ['link', 'set', near, 'up']);
      await namespace.exec('ip', ['address', 'add', `${there}/30`, 'dev', far]);
      for (const device of [far, 'lo']) await namespace.exec('ip', ['link', 'set', device, 'up']);
      await namespace.exec('ip', ['route', 'add', 'default', 'via', here]);
    } catch (error) {
      await namespace.remove();
      throw error;
    }
    return namespace;
  }

  /** The command that runs `program` there. */
  command(program: string, args: readonly string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.name, program, ...args]];
  }

  async exec(program: string, args: readonly string[]): Promise<void> {
    await run(...this.command(program, args));
  }

  /** A rule of nftables for what leaves the other machine, such as `udp dport 40000 drop`. */
  async filterOutput(rule: string): Promise<void> {
    await this.exec('nft', ['add table inet efir; add chain inet efir out { type filter hook output priority 0; }']);
    await this.exec('nft', [`add rule inet efir out ${rule}`]);
  }

  /** A program that runs `program` there with whatever arguments it is given. */
  wrapper(program: string): string {
    const path = join(mkdtempSync(join(tmpdir(), 'efir-')), 'run');
    writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${this.name} ${program} "$@"\n`, { mode: 0o755 });
    return path;
  }

  /** Nothing gets in or out any more, without a word to anybody. */
  async cut(): Promise<void> {
    const chain = (hook: string) =>
      `add chain inet efir_cut ${hook} { type filter hook ${hook} priority 0; policy drop; };`;
    const own = ['input iif lo', 'output oif lo'].map((rule) => `add rule inet efir_cut ${rule} accept;`).join(' ');
    await this.exec('nft', [`add table inet efir_cut; ${chain('input')} ${chain('output')} ${own}`]);
  }

  /** So many of a hundred packets get lost, each way. */
  async lose(percent: number): Promise<void> {
    const chain = (hook: string) => `add chain inet efir_cut ${hook} { type filter hook ${hook} priority 0; };`;
    const rule = (hook: string, by: string) =>
      `add rule inet efir_cut ${hook} ${by} != lo numgen random mod 100 < ${percent} drop;`;
    const rules = `${rule('input', 'iif')} ${rule('output', 'oif')}`;
    await this.exec('nft', [`add table inet efir_cut; ${chain('input')} ${chain('output')} ${rules}`]);
  }

  /** After `cut` or `lose`. */
  async mend(): Promise<void> {
    await this.exec('nft', ['delete table inet efir_cut']);
  }

  async remove(): Promise<void> {
    // The cable goes with it.
    await run('ip', ['netns', 'delete', this.name]).catch(() => {});
  }
}
