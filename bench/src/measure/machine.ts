/** The machine that a benchmark runs on, and which part of it runs where. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

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
