/** What the doctor found: one line for each check. */

export type Status = 'ok' | 'warning' | 'problem';

export interface Check {
  /** For programs: `runtime`, `server`, `media`, `turn` and so on; several checks may share one. */
  name: string;
  status: Status;
  /** One sentence. */
  finding: string;
  /** How to mend it; of everything that is not ok. */
  remedy?: string;
}

export const ok = (name: string, finding: string): Check => ({ name, status: 'ok', finding });

export const warning = (name: string, finding: string, remedy: string): Check => ({
  name,
  status: 'warning',
  finding,
  remedy,
});

export const problem = (name: string, finding: string, remedy: string): Check => ({
  name,
  status: 'problem',
  finding,
  remedy,
});

const WIDTH = 'problem'.length + 2;

export function formatLine({ status, finding, remedy }: Check): string {
  return `${status.padEnd(WIDTH)}${finding}${remedy === undefined ? '' : ` → ${remedy}`}`;
}

export function formatSum(checks: readonly Check[]): string {
  const problems = count(checks, 'problem');
  const warnings = count(checks, 'warning');
  if (problems + warnings === 0) return 'All is well.';
  const parts = [];
  if (problems > 0) parts.push(`${problems} problem${problems === 1 ? '' : 's'}`);
  if (warnings > 0) parts.push(`${warnings} warning${warnings === 1 ? '' : 's'}`);
  return `${parts.join(', ')}.`;
}

/** 1 if there are problems; warnings are none. */
export function exitCode(checks: readonly Check[]): number {
  return count(checks, 'problem') > 0 ? 1 : 0;
}

function count(checks: readonly Check[], status: Status): number {
  return checks.filter((check) => check.status === status).length;
}
