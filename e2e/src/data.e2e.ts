import { expect, test } from 'vitest';
import { openChat, texts, write } from './harness/chat.js';
import { attach, fileStates, receivedFile, showsFiles } from './harness/files.js';
import type { Participant } from './harness/participant.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const stage = useStage({ meshMax: 5 }, { fps: 10, viewport: { width: 900, height: 600 } });
const small = { quality: 'h180', fps: '10' };
const SIZE = 20_000_000;

async function callOn(topology: 'mesh' | 'sfu'): Promise<[Participant, Participant, Participant]> {
  const room = stage.room();
  await (await stage.server()).putRoom(room, { topology });
  const people: Participant[] = [];
  for (const name of ['Ann', 'Bob', 'Cleo']) people.push(await stage.join(room, name, { query: small }));
  for (const person of people) await person.sees(2, 30_000);
  for (const person of people) await openChat(person);
  return people as [Participant, Participant, Participant];
}

for (const topology of ['mesh', 'sfu'] as const) {
  test(`what is written reaches everybody once and in order (${topology})`, async () => {
    const [ann, bob, cleo] = await callOn(topology);
    for (let i = 1; i <= 5; i++) await write(ann, `from Ann ${i}`);
    await write(bob, 'from Bob');
    for (const person of [ann, bob, cleo]) {
      await until(async () => (await texts(person)).length >= 6, {
        within: 10_000,
        what: `${person.name} reads it all`,
      });
      const read = await texts(person);
      expect(read.filter((text) => text.startsWith('from Ann'))).toEqual([1, 2, 3, 4, 5].map((i) => `from Ann ${i}`));
      expect(read).toHaveLength(6);
    }
    await bob.page.click('button[aria-keyshortcuts="H"]');
    await until(() => ann.page.evaluate(() => document.querySelectorAll('.tile-hand').length === 1, undefined), {
      within: 5_000,
      what: "Ann sees Bob's hand",
    });
  });

  test(`a file of 20 MB arrives whole at everybody who wants it (${topology})`, async () => {
    const [ann, bob, cleo] = await callOn(topology);
    const hash = await attach(ann, SIZE);
    for (const person of [bob, cleo]) await showsFiles(person, ['offered'], 20_000);
    await bob.page.click('.file-actions .button-primary');
    await cleo.page.click('.file-actions button:last-child');
    await until(
      async () => (await receivedFile(bob)) !== null,
      { within: 100_000, what: 'Bob has the file' },
      () => fileStates(bob),
    );
    expect(await receivedFile(bob)).toEqual({ size: SIZE, hash, name: 'picture.raw' });
    expect(await receivedFile(cleo)).toBeNull();
    await showsFiles(ann, ['done', 'declined'], 10_000);
  }, 180_000);

  test(`a file can be cancelled on its way, by either end (${topology})`, async () => {
    const [ann, bob] = await callOn(topology);
    await attach(ann, SIZE);
    await showsFiles(bob, ['offered'], 20_000);
    await bob.page.click('.file-actions .button-primary');
    await bob.page.click('.file-cancel');
    await showsFiles(bob, ['cancelled'], 5_000);
    await until(async () => (await fileStates(ann)).includes('cancelled'), { within: 10_000, what: 'Ann knows' });
  });
}
