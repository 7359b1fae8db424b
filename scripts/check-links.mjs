#!/usr/bin/env node
// Every link between our documents leads to a file, and to a heading where it names one.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectFiles } from './files.mjs';
import { anchorsOf, linksOf } from './links.mjs';
import { ROOT } from './setup/root.mjs';

const documents = projectFiles(/\.md$/);
const broken = [];
for (const document of documents) {
  for (const link of linksOf(readFileSync(join(ROOT, document), 'utf8'))) {
    const [path, anchor] = link.split('#');
    const target = path ? join(ROOT, dirname(document), decodeURIComponent(path)) : join(ROOT, document);
    if (!existsSync(target)) broken.push(`${document}: ${link} leads nowhere`);
    else if (anchor && statSync(target).isFile() && !anchorsOf(readFileSync(target, 'utf8')).has(anchor)) {
      broken.push(`${document}: ${link} names a heading that is not there`);
    }
  }
}
for (const line of broken) console.error(line);
process.exit(broken.length > 0 ? 1 : 0);
