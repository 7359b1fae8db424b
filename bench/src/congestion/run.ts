/** `npm run bench -- congestion`: writes the measured part of docs/congestion.md and its plots. */
import { DOCS, writePage } from '../measure/docs-page.js';
import { report } from './report.js';

/** `docs`: another directory with a `congestion.md`. Returns the paths written. */
export function congestion(log: (line: string) => void, docs = DOCS): string[] {
  return writePage('congestion', report(log), docs);
}
