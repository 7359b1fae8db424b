import type { Participant } from './participant.js';
import { until } from './until.js';

export async function openChat(person: Participant): Promise<void> {
  await person.page.click('button[aria-keyshortcuts="C"]');
  await until(() => person.page.evaluate(() => document.querySelector('.chat-panel') !== null, undefined), {
    within: 5_000,
    what: 'the chat is open',
  });
}

export async function write(person: Participant, text: string): Promise<void> {
  await person.page.fill('.compose textarea', text);
  await person.page.click('.compose-send');
}

/** All that is to be read, one's own included. */
export const texts = (person: Participant): Promise<string[]> =>
  person.page.evaluate(
    () => [...document.querySelectorAll('.chat-text')].map((one) => one.textContent ?? ''),
    undefined,
  );
