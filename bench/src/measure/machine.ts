/** The machine that a benchmark runs on, and which part of it runs where. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, setPriority } from 'node:os';

export const WORKER_CPU = 0;
export const GENERATOR_CPU = 1;

/** Moves all threads of this process, and its children to come, to one CPU. False where that is not possible. */
export function pinSelf(cpu: number): boolean {
  try {
    execFileSync('taskset', ['-a', '-p', '-c', String(cpu), String(process.pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function describeMachine(): { cpu: string; cores: number; node: string } {
  const all = cpus();
  return { cpu: all[0]?.model.trim() ?? 'unknown', cores: all.length, node: process.version };
}

const NICE = -15;
/** Linux weighs sessions against each other before the processes in them (sched(7), autogroup). */
const AUTOGROUP = '/proc/self/autogroup';

/** Lets processes of ours go before others on their CPUs; undone by what it returns. Null without the right to (root). */
export function raisePriority(pids: readonly number[]): (() => void) | null {
  try {
    for (const pid of pids) setPriority(pid, NICE);
    const before = /nice (-?\d+)/.exec(readFileSync(AUTOGROUP, 'utf8'))?.[1];
    writeFileSync(AUTOGROUP, String(NICE));
    return () => writeFileSync(AUTOGROUP, before ?? '0');
  } catch {
    return null;
  }
}
