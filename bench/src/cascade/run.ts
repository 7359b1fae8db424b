/** `npm run bench -- cascade`: writes the measured part of docs/cascade.md and its plot. */
import { DOCS, writePage } from '../measure/docs-page.js';
import { report } from './report.js';

/** `docs`: another directory with a `cascade.md`. Returns the paths written. */
export function cascade(log: (line: string) => void, docs = DOCS): string[] {
  return writePage('cascade', report(log), docs);
}
