#!/usr/bin/env node
// The `efir` command: `npx efir <subcommand>`. The program itself is `dist/main.js`, which a build makes.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
const program = new URL('../dist/main.js', import.meta.url);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`efir needs Node 20.19 or newer; this is ${process.version}.`);
  process.exit(1);
}
if (!existsSync(fileURLToPath(program))) {
  console.error(
    'efir is not built yet. Run `npm install` and `npm run build` in its folder (or `npm start`, which does both).',
  );
  process.exit(1);
}
// A subcommand reads `process.argv`; the bin has the same shape as the program started by Node.
process.argv[1] = fileURLToPath(program);
await import(program.href);
