import { expect, test } from 'vitest';
import { Endpoints } from './endpoints.js';

test('the first one is asked first, and whatever has just failed is asked last', () => {
  const endpoints = new Endpoints('https://a/whep/demo');
  endpoints.add(['https://b/whep/demo?ticket=once', 'https://a/whep/demo', 'https://c/whep/demo']);
  expect(endpoints.inOrder()).toEqual(['https://a/whep/demo', 'https://b/whep/demo', 'https://c/whep/demo']);
  endpoints.failed('https://a/whep/demo?ticket=other');
  expect(endpoints.inOrder()).toEqual(['https://b/whep/demo', 'https://c/whep/demo', 'https://a/whep/demo']);
});

test('few are remembered', () => {
  const endpoints = new Endpoints('https://a/whep/demo');
  endpoints.add(Array.from({ length: 100 }, (_, i) => `https://n${i}/whep/demo`));
  expect(endpoints.inOrder()).toHaveLength(9);
});
