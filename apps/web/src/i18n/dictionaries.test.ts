import { expect, test } from 'vitest';
import { en } from './en.js';
import { ru } from './ru.js';

function keys(dictionary: object, prefix = ''): string[] {
  return Object.entries(dictionary).flatMap(([key, value]) =>
    typeof value === 'object' && value ? keys(value, `${prefix}${key}.`) : [`${prefix}${key}`],
  );
}
const placeholders = (text: string) => (text.match(/{{\w+}}/g) ?? []).sort();
const lookUp = (dictionary: object, path: string) =>
  path.split('.').reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], dictionary) as string;

test('every text is there in both languages', () => {
  const withoutPlurals = (key: string) => !/_(few|many)$/.test(key);
  expect(keys(ru).filter(withoutPlurals).sort()).toEqual(keys(en).sort());
});

test('every text has the same blanks in both languages', () => {
  for (const key of keys(en)) expect(placeholders(lookUp(ru, key)), key).toEqual(placeholders(lookUp(en, key)));
});
