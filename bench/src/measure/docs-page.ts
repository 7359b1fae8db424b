/** Writes what was measured between its marks on a page of the docs, and its pictures beside it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchError } from '../errors.js';

export interface PageReport {
  markdown: string;
  /** File name to SVG. */
  images: Map<string, string>;
}

export const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));
export const END = '<!-- end of what is measured -->';

/** The mark at which the part of a bench begins. */
export function beginMark(bench: string): string {
  return `<!-- measured: npm run bench -- ${bench} -->`;
}

/** `docs`: another directory with a `<bench>.md`. Returns the paths written. */
export function writePage(bench: string, report: PageReport, docs = DOCS): string[] {
  const page = join(docs, `${bench}.md`);
  const written = [page];
  const text = insert(readFileSync(page, 'utf8'), bench, report);
  mkdirSync(join(docs, 'images'), { recursive: true });
  writeFileSync(page, text);
  for (const [name, svg] of report.images) {
    const path = join(docs, 'images', name);
    writeFileSync(path, svg);
    written.push(path);
  }
  return written;
}

/** The page with the report between its marks. */
export function insert(page: string, bench: string, { markdown }: PageReport): string {
  const mark = beginMark(bench);
  const begin = page.indexOf(mark);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new BenchError(`docs/${bench}.md lacks the marks ${mark} and ${END}`);
  return `${page.slice(0, begin + mark.length)}\n\n${markdown}\n\n${page.slice(end)}`;
}
