import { expect, test } from 'vitest';
import { hueOf, initials } from './avatar.js';

test('initials are the first letters of the first two words, in any script', () => {
  expect(initials('Ann Lee')).toBe('AL');
  expect(initials('анна мария иванова')).toBe('АМ');
  expect(initials('  bob ')).toBe('B');
  expect(initials('𝒜da 😀')).toBe('𝒜😀');
  expect(initials('   ')).toBe('?');
});

test('a name keeps its colour', () => {
  expect(hueOf('Ann')).toBe(hueOf('Ann'));
  expect(hueOf('Ann')).toBeLessThan(10);
});
