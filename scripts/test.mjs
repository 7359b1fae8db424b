#!/usr/bin/env node
// `npm test [-- options]`: sets up what is missing, then checks, unit tests and browser tests; `npm test -- --help`.
import { nodeComplaint } from './setup/node-version.mjs';

const complaint = nodeComplaint(process.version, process.platform);
if (complaint) {
  console.error(complaint);
  process.exit(1);
}

// Loaded only now: an old Node could not even read the rest.
import('./setup/test.mjs').then((module) => module.test(process.argv.slice(2)));
