/** Remembers what a step was last done with, so that it is done again only when that changed. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './root.mjs';

const FOLDER = join(ROOT, '.cache');
const GENERATED = new Set(['node_modules', 'dist', 'dist-types', 'build', '.cache', 'test-results', 'coverage']);

function* files(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  if (stat.isFile()) {
    yield path;
    return;
  }
  for (const name of readdirSync(path).sort()) {
    if (!GENERATED.has(name) && !name.endsWith('.tsbuildinfo')) yield* files(join(path, name));
  }
}

/** A digest of the contents of files and folders (by path in the repository) and of further `facts`. */
export function digest(paths, facts = []) {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of files(join(ROOT, path))) {
      hash
        .update(`${relative(ROOT, file)}\0`)
        .update(readFileSync(file))
        .update('\0');
    }
  }
  for (const fact of facts) hash.update(`${fact}\0`);
  return hash.digest('hex');
}

export function readStamp(name) {
  const file = join(FOLDER, name);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

export function writeStamp(name, value) {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, name), `${value}\n`);
}

export function dropStamp(name) {
  rmSync(join(FOLDER, name), { force: true });
}
