/** Files between people's pages. */
import type { Participant } from './participant.js';
import { until } from './until.js';

/** Hands a file to the page as its picker would; returns its hash. */
export async function attach(person: Participant, size: number): Promise<string> {
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
export const receivedFile = (person: Participant) =>
  person.page.evaluate(async () => {
    const link = document.querySelector<HTMLAnchorElement>('a.file-save');
    const blob = window.efir?.room.data.files.list[0]?.blob;
    if (!link || !blob) return null;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
    const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return { size: blob.size, hash, name: link.download };
  }, undefined);

export const fileStates = (person: Participant) =>
  person.page.evaluate(
    () => [...document.querySelectorAll<HTMLElement>('.file-line')].map((line) => line.dataset.state ?? ''),
    undefined,
  );
export const showsFiles = (person: Participant, wanted: string[], within: number) =>
  until(
    async () => (await fileStates(person)).join() === wanted.join(),
    { within, what: `${person.name}'s files are ${wanted.join(', ')}` },
    () => fileStates(person),
  );
