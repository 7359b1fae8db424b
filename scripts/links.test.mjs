import { expect, test } from 'vitest';
import { anchorsOf, linksOf } from './links.mjs';

test('links to our own files are found, those to other sites and in code are left', () => {
  const text = 'See [a](docs/a.md), [c](https://example.org) and `[d](d.md)`.\n```\n[e](e.md)\n```\n[f](#here)\n';
  expect(linksOf(text)).toEqual(['docs/a.md', '#here']);
});

test('headings become anchors as GitHub makes them', () => {
  const anchors = anchorsOf('# One port, UDP & TCP\n## `npm start`\n## Again\n## Again\n```\n# not this\n```\n');
  expect([...anchors]).toEqual(['one-port-udp--tcp', 'npm-start', 'again', 'again-1']);
});
