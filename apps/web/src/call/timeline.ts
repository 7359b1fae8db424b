import type { ChatMessage, FileTransfer } from '@efir/client';

/** What is listed in the chat. `from`: null is you. */
export type Entry = { id: string; at: number; from: string | null; name: string } & (
  | { message: ChatMessage }
  | { transfers: FileTransfer[] }
);

/** Messages and files in one list by time; a file that went to several is one entry. */
export function timeline(messages: readonly ChatMessage[], files: readonly FileTransfer[]): Entry[] {
  const entries: Entry[] = messages.map((message) => {
    const { id, at, from, name } = message;
    return { id, at, from, name, message };
  });
  const batches = new Map<string, FileTransfer[]>();
  for (const transfer of files) {
    const known = batches.get(transfer.batch);
    if (known) {
      known.push(transfer);
      continue;
    }
    const transfers = [transfer];
    batches.set(transfer.batch, transfers);
    const { id, at, direction, peer, peerName } = transfer;
    const incoming = direction === 'in';
    entries.push({ id, at, from: incoming ? peer : null, name: incoming ? peerName : '', transfers });
  }
  return entries
    .map((entry, index) => ({ entry, index }))
    .sort((a, b) => a.entry.at - b.entry.at || a.index - b.index)
    .map(({ entry }) => entry);
}
