/** The files of the project: those that git knows or would add. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './setup/root.mjs';

/** Paths relative to the repository, as `git ls-files` names them. */
export function projectFiles(pattern) {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return listed.split('\0').filter((path) => pattern.test(path) && existsSync(join(ROOT, path)));
}
