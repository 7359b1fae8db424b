import { expect, test } from 'vitest';
import { ExpressionError, ExpressionReader, type Vocabulary } from './expression.js';

interface Facts {
  n: number;
  s: string;
}

const WORDS: Vocabulary<Facts> = {
  n: { type: 'number', read: ({ n }) => n },
  'a.s': { type: 'string', read: ({ s }) => s },
  yes: { type: 'boolean', read: () => true },
};

function number(text: string, facts: Facts = { n: 2, s: 'x' }): number {
  const reader = new ExpressionReader(text, WORDS);
  const evaluate = reader.number();
  reader.end();
  return evaluate(facts);
}

function truth(text: string, facts: Facts = { n: 2, s: 'x' }): boolean {
  const reader = new ExpressionReader(text, WORDS);
  const evaluate = reader.boolean();
  reader.end();
  return evaluate(facts);
}

const complaint = (text: string): string => {
  try {
    truth(text);
  } catch (error) {
    expect(error).toBeInstanceOf(ExpressionError);
    return (error as Error).message;
  }
  throw new Error('it was accepted');
};

test('arithmetic goes by the usual precedence', () => {
  expect(number('1 + 2 * 3 - 4 / 2')).toBe(5);
  expect(number('(1 + 2) * -n')).toBe(-6);
  expect(number('1.5k + 2M + 1G')).toBe(1_002_001_500);
  expect(number('min(n, 1) + max(n, 10)')).toBe(11);
  expect(number('10 - 3 - 2')).toBe(5);
});

test('what is divided by nothing is nothing', () => {
  expect(number('n / (n - 2)')).toBe(0);
});

test('conditions compare, and combine by words', () => {
  expect(truth('n == 2 and a.s == "x"')).toBe(true);
  expect(truth("a.s != 'x' or n >= 2 and not n > 2")).toBe(true);
  expect(truth('not (yes and n < 1) and n <= 2')).toBe(true);
  expect(truth('yes == true')).toBe(true);
});

test('types are checked when the rule is read', () => {
  expect(complaint('n')).toBe('has a number where a boolean belongs, at character 1');
  expect(complaint('n == "2"')).toBe('compares a number with a string at character 3');
  expect(complaint('a.s < "y"')).toContain('has a string where a number belongs');
  expect(complaint('n and yes')).toContain('has a number where a boolean belongs');
  expect(complaint('not n')).toContain('has a number where a boolean belongs');
});

test('what is not of the language is named', () => {
  expect(complaint('m > 1')).toBe('knows no m (character 1), only n, a.s, yes');
  expect(complaint('n > 1 $ 2')).toBe('has something unknown at "$ 2"');
  expect(complaint('n > (1')).toBe("doesn't go on with the end at character 7, where ) belongs");
  expect(complaint('n > 1 2')).toBe("doesn't go on with 2 at character 7");
  expect(complaint('n >')).toContain("doesn't go on with the end");
  expect(complaint('"open')).toContain('something unknown');
  expect(complaint('1x > 2')).toContain('something unknown');
});

test('nothing of JavaScript can be reached', () => {
  for (const name of ['constructor', 'toString', '__proto__', 'process', 'n.constructor']) {
    expect(complaint(`${name} == 1`)).toContain(`knows no ${name}`);
  }
});

test('length and depth are bounded', () => {
  expect(complaint(`${'('.repeat(40)}yes${')'.repeat(40)}`)).toBe('is nested deeper than 32');
  expect(complaint(`n == ${'-'.repeat(100)}1`)).toBe('is nested deeper than 32');
  expect(complaint(`${'not '.repeat(100)}yes`)).toBe('is nested deeper than 32');
  expect(complaint(`yes or ${'yes or '.repeat(100)}yes`)).toBe('is longer than 500 characters');
});
