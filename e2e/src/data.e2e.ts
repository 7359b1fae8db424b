import { expect, test } from 'vitest';
import { openChat, texts, write } from './harness/chat.js';
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

/** Hands a file to the page as its picker would; returns its hash. */
async function attach(person: Participant, size: number): Promise<string> {
  return person.page.evaluate(async (size) => {
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i += 4) new DataView(bytes.buffer).setUint32(i, (i * 2_654_435_761) >>> 0);
    const files = new DataTransfer();
    files.items.add(new File([bytes], 'picture.raw', { type: 'image/x-raw' }));
    const picker = document.querySelector<HTMLInputElement>('input[type="file"]')!;
    picker.files = files.files;
    picker.dispatchEvent(new Event('change', { bubbles: true }));
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }, size);
}

interface Received {
  blob: Blob | null;
}

declare global {
  interface Window {
    /** The page's own, for a look from the console. */
    efir?: { room: { data: { files: { list: Received[] } } } };
  }
}

/** Size and hash of the file that can be saved, or null. The page's rules forbid it to fetch what is behind the link. */
const savable = (person: Participant) =>
  person.page.evaluate(async () => {
    const link = document.querySelector<HTMLAnchorElement>('a.file-save');
    const blob = window.efir?.room.data.files.list[0]?.blob;
    if (!link || !blob) return null;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
    const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return { size: blob.size, hash, name: link.download };
  }, undefined);

const states = (person: Participant) =>
  person.page.evaluate(
    () => [...document.querySelectorAll<HTMLElement>('.file-line')].map((line) => line.dataset.state ?? ''),
    undefined,
  );
const says = (person: Participant, wanted: string[], within: number) =>
  until(
    async () => (await states(person)).join() === wanted.join(),
    { within, what: `${person.name}'s files are ${wanted.join(', ')}` },
    () => states(person),
  );

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
    for (const person of [bob, cleo]) await says(person, ['offered'], 20_000);
    await bob.page.click('.file-actions .button-primary');
    await cleo.page.click('.file-actions button:last-child');
    await until(
      async () => (await savable(bob)) !== null,
      { within: 100_000, what: 'Bob has the file' },
      () => states(bob),
    );
    expect(await savable(bob)).toEqual({ size: SIZE, hash, name: 'picture.raw' });
    expect(await savable(cleo)).toBeNull();
    await says(ann, ['done', 'declined'], 10_000);
  }, 180_000);

  test(`a file can be cancelled on its way, by either end (${topology})`, async () => {
    const [ann, bob] = await callOn(topology);
    await attach(ann, SIZE);
    await says(bob, ['offered'], 20_000);
    await bob.page.click('.file-actions .button-primary');
    await bob.page.click('.file-cancel');
    await says(bob, ['cancelled'], 5_000);
    await until(async () => (await states(ann)).includes('cancelled'), { within: 10_000, what: 'Ann knows' });
  });
}
