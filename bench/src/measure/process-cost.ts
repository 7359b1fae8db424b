/** What a process has cost, read from /proc (Linux): CPU time of all its threads, resident memory. */
import { readdirSync, readFileSync } from 'node:fs';

/** User and system time in ns of every thread that is alive: the scheduler's own figure, exact to the ns. */
export function cpuNs(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // It ended between listing and reading.
    }
  }
  return total;
}

export function rssBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return match ? Number(match[1]) * 1024 : 0;
}
