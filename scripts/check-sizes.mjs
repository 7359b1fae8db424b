#!/usr/bin/env node
// A source file is one noun. Above 400 lines it gets a warning, above 450 the check fails.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFiles } from './files.mjs';
import { ROOT } from './setup/root.mjs';

const WARN = 400;
const FAIL = 450;
/** Files that may be longer, with the lines allowed; each needs its reason. */
const ALLOWED = {};

let failed = false;
for (const path of projectFiles(/\.(m?[jt]sx?|c[cp]?p?|h|css)$/)) {
  const lines = readFileSync(join(ROOT, path), 'utf8').split('\n').length - 1;
  const limit = ALLOWED[path] ?? FAIL;
  if (lines > limit) {
    console.error(`${path}: ${lines} lines, ${limit} at most: split it by what it does`);
    failed = true;
  } else if (lines > WARN && !(path in ALLOWED)) {
    console.warn(`${path}: ${lines} lines, getting long (${WARN} is the aim)`);
  }
}
process.exit(failed ? 1 : 0);
