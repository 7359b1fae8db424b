/** `npm run bench -- congestion`: writes the measured part of docs/congestion.md and its plots. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchError } from '../errors.js';
import { type Report, report } from './report.js';

export const BEGIN = '<!-- measured: npm run bench -- congestion -->';
export const END = '<!-- end of what is measured -->';
const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));

/** `docs`: another directory with a `congestion.md`. Returns the paths written. */
export function congestion(log: (line: string) => void, docs = DOCS): string[] {
  const page = join(docs, 'congestion.md');
  const text = insert(readFileSync(page, 'utf8'), report(log));
  const written = [page];
  mkdirSync(join(docs, 'images'), { recursive: true });
  writeFileSync(page, text.page);
  for (const [name, svg] of text.images) {
    const path = join(docs, 'images', name);
    writeFileSync(path, svg);
    written.push(path);
  }
  return written;
}

/** The page with the report between its marks. */
export function insert(page: string, { markdown, images }: Report): { page: string; images: Map<string, string> } {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new BenchError(`docs/congestion.md lacks the marks ${BEGIN} and ${END}`);
  return { page: `${page.slice(0, begin + BEGIN.length)}\n\n${markdown}\n\n${page.slice(end)}`, images };
}
