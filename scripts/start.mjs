#!/usr/bin/env node
// `npm start [-- server options]`: sets up what is missing, then becomes the server.
import { nodeComplaint } from './setup/node-version.mjs';

const complaint = nodeComplaint(process.version, process.platform);
if (complaint) {
  console.error(complaint);
  process.exit(1);
}

// Loaded only now: an old Node could not even read the rest.
import('./setup/start.mjs').then((module) => module.start(process.argv.slice(2)));
