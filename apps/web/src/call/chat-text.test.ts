import { expect, test } from 'vitest';
import { textParts } from './chat-text.js';

test('plain text stays as it is', () => {
  expect(textParts('see you at 10:30')).toEqual([{ text: 'see you at 10:30' }]);
});

test('web addresses become links, without the full stop after them', () => {
  expect(textParts('Look: https://example.org/a?b=1. Good?')).toEqual([
    { text: 'Look: ' },
    { text: 'https://example.org/a?b=1', href: 'https://example.org/a?b=1' },
    { text: '. Good?' },
  ]);
});

test('a bracket belongs to the address if it was opened in it', () => {
  expect(textParts('(https://example.org/x)')[1]).toMatchObject({ text: 'https://example.org/x' });
  expect(textParts('https://example.org/Go_(game)')[0]).toMatchObject({ href: 'https://example.org/Go_(game)' });
});

test('nothing but http and https is a link', () => {
  for (const text of ['javascript:alert(1)', 'data:text/html,x', 'ftp://example.org', 'https://']) {
    expect(textParts(text).some(({ href }) => href)).toBe(false);
  }
});
