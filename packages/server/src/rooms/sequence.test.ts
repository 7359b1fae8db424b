import { expect, test } from 'vitest';
import { Sequence } from './sequence.js';

test('things are done one after the other, in order', async () => {
  const sequence = new Sequence(4);
  const seen: string[] = [];
  const work = (name: string) => async (): Promise<string> => {
    seen.push(`${name} begins`);
    await Promise.resolve();
    seen.push(`${name} ends`);
    return name;
  };
  expect(await Promise.all([sequence.run(work('a')), sequence.run(work('b'))])).toEqual(['a', 'b']);
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

test('one that fails does not stop the next', async () => {
  const sequence = new Sequence(4);
  const failing = sequence.run(() => Promise.reject(new Error('no')));
  const next = sequence.run(async () => 'yes');
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
  expect(sequence.size).toBe(0);
});

test('beyond the limit they are refused', async () => {
  const sequence = new Sequence(1);
  const first = sequence.run(async () => 1);
  await expect(sequence.run(async () => 2)).rejects.toMatchObject({ code: 'rate-limited' });
  expect(await first).toBe(1);
});
