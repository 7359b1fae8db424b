import { expect, test } from 'vitest';
import { readLinks } from './link-header.js';

const BASE = 'https://a.example/whep/demo';

test('links are told with their absolute address and each of their relations', () => {
  const header = '</whep/demo/s1/events>; rel="urn:efir:whep:events", <https://b.example/x>;title="a, b";rel=next';
  expect(readLinks(header, BASE)).toEqual([
    { url: 'https://a.example/whep/demo/s1/events', rel: 'urn:efir:whep:events' },
    { url: 'https://b.example/x', rel: 'next' },
  ]);
  expect(readLinks('<x>; rel="one two"', BASE).map(({ rel }) => rel)).toEqual(['one', 'two']);
});

test('what is no link, has no relation or leads out of the web is left out', () => {
  for (const header of [null, '', 'nonsense', '<x>', '<javascript:alert(1)>; rel=next', '<x; rel=next']) {
    expect(readLinks(header, BASE)).toEqual([]);
  }
  expect(readLinks('<x>; rel=a, '.repeat(5_000), BASE).length).toBeLessThanOrEqual(32);
});
