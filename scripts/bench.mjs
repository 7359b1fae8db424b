#!/usr/bin/env node
// `npm run bench -- <bench> [options]`: sets up what is missing, then becomes the benchmark.
import { nodeComplaint } from './setup/node-version.mjs';

const complaint = nodeComplaint(process.version, process.platform);
if (complaint) {
  console.error(complaint);
  process.exit(1);
}

// Loaded only now: an old Node could not even read the rest.
import('./setup/bench.mjs').then((module) => module.bench(process.argv.slice(2)));
