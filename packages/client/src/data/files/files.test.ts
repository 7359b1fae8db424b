import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DataPayload, DataPort } from '../../path/media-path.js';
import { CHUNK_BYTES, WINDOW_BYTES } from './control.js';
import type { FileTransfer } from './file-transfer.js';
import { Files } from './files.js';

/** Two people, and a channel between them that may lose messages and takes only so much at a time. */
class FakeWire {
  readonly ends: Record<string, Files> = {};
  lose: (data: DataPayload) => boolean = () => false;
  open = true;
  buffered = 0;
  most = 0;
  private readonly waiting: (() => void)[] = [];

  add(id: string, other: string): Files {
    const port: DataPort = {
      reaches: () => this.open,
      send: (_, to, data) => {
        if (!this.open || this.buffered > 600_000) return false;
        const size = data.length;
        this.buffered += size;
        this.most = Math.max(this.most, this.buffered);
        this.waiting.push(() => {
          this.buffered -= size;
          if (this.open && !this.lose(data)) this.ends[to ?? '']?.received(id, data);
        });
        return true;
      },
      buffered: () => this.buffered,
    };
    const files = new Files({ port: () => port, peers: () => [{ id: other, name: other.toUpperCase() }] });
    this.ends[id] = files;
    return files;
  }

  /** Lets so many messages through, and tells that there is room again. */
  flow(messages: number): void {
    for (let i = 0; i < messages; i++) this.waiting.shift()?.();
    for (const files of Object.values(this.ends)) files.wake();
  }
}

let wire: FakeWire;
let ann: Files;
let bob: Files;
const file = (bytes: number) => {
  const content = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i += 101) content[i] = i % 251;
  return new File([content], 'report.pdf', { type: 'application/pdf' });
};
/** Runs the wire until nothing changes any more, or for so long, ms of the fake clock. */
async function run(ms: number, messages = 40): Promise<void> {
  for (let at = 0; at < ms; at += 50) {
    wire.flow(messages);
    await vi.advanceTimersByTimeAsync(50);
  }
}
const offered = async (): Promise<FileTransfer> => {
  await run(200);
  return bob.list.at(-1) as FileTransfer;
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  // The real one is computed on another thread, which fake time would run ahead of.
  vi.spyOn(crypto.subtle, 'digest').mockImplementation(async (_, bytes) => {
    const digest = new Uint8Array(32);
    for (const [i, byte] of new Uint8Array(bytes as ArrayBuffer).entries())
      digest[i % 32] = (digest[i % 32] ?? 0) * 31 + byte;
    return digest.buffer;
  });
  wire = new FakeWire();
  ann = wire.add('ann', 'bob');
  bob = wire.add('bob', 'ann');
});
afterEach(() => {
  ann.close();
  bob.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});
/** Blobs are read on another thread, which fake time knows nothing of. */
const settled = (transfer: FileTransfer) =>
  vi.waitFor(async () => {
    await run(100);
    expect(transfer.over).toBe(true);
  });

test('a file arrives whole, and both ends know', async () => {
  const [sent] = (await ann.send(file(700_001), 'bob')) as [FileTransfer];
  const got = await offered();
  expect(got).toMatchObject({ state: 'offered', peerName: 'ANN', file: { name: 'report.pdf', size: 700_001 } });
  got.accept();
  await settled(got);
  await settled(sent);
  expect([sent.state, got.state]).toEqual(['done', 'done']);
  const [there, here] = await Promise.all(
    [got.blob!, file(700_001)].map(async (blob) => new Uint8Array(await blob.arrayBuffer())),
  );
  expect(there?.length).toBe(700_001);
  expect(there?.every((byte, i) => byte === here?.[i])).toBe(true);
});

test('an empty file is a file', async () => {
  const [sent] = (await ann.send(file(0), 'bob')) as [FileTransfer];
  const got = await offered();
  got.accept();
  await settled(sent);
  expect([sent.state, got.blob?.size]).toEqual(['done', 0]);
});

test('nothing is sent before the receiver agrees, and no more than the window ahead of it', async () => {
  await ann.send(file(5_000_000), 'bob');
  const got = await offered();
  expect(wire.most).toBeLessThan(1_000);
  // The receiver's words are lost once it has agreed.
  got.accept();
  wire.flow(1);
  let chunks = 0;
  wire.lose = (data) => {
    if (typeof data !== 'string') chunks++;
    return typeof data === 'string';
  };
  await run(2_000, 1_000);
  expect(chunks * CHUNK_BYTES).toBeLessThanOrEqual(WINDOW_BYTES + CHUNK_BYTES);
  expect(wire.most).toBeLessThan(400_000);
});

test('lost messages only cost time', async () => {
  const [sent] = (await ann.send(file(900_000), 'bob')) as [FileTransfer];
  const got = await offered();
  let n = 0;
  wire.lose = () => ++n % 11 === 0;
  got.accept();
  await run(60_000);
  wire.lose = () => false;
  await settled(got);
  await settled(sent);
  expect([sent.state, got.state]).toEqual(['done', 'done']);
});

test('a move of the room in the middle of it is survived', async () => {
  const [sent] = (await ann.send(file(3_000_000), 'bob')) as [FileTransfer];
  const got = await offered();
  got.accept();
  await run(200, 20);
  expect(got.bytes).toBeGreaterThan(0);
  wire.open = false;
  await run(1_000);
  wire.open = true;
  ann.pathChanged();
  bob.pathChanged();
  await settled(got);
  await settled(sent);
  expect([sent.state, got.state]).toEqual(['done', 'done']);
});

test('either end may cancel, and the other one sees it', async () => {
  const [first] = (await ann.send(file(2_000_000), 'bob')) as [FileTransfer];
  (await offered()).accept();
  await run(150, 10);
  first.cancel();
  await run(500);
  expect(bob.list[0]?.state).toBe('cancelled');

  const [second] = (await ann.send(file(2_000_000), 'bob')) as [FileTransfer];
  const got = await offered();
  got.accept();
  await run(150, 10);
  got.cancel();
  await run(500);
  expect(second.state).toBe('cancelled');
});

test('an offer may be declined', async () => {
  const [sent] = (await ann.send(file(10), 'bob')) as [FileTransfer];
  (await offered()).cancel();
  await run(500);
  expect(sent.state).toBe('declined');
});

test('a damaged file is thrown away, and its sender is told', async () => {
  const [sent] = (await ann.send(file(50_000), 'bob')) as [FileTransfer];
  const got = await offered();
  got.accept();
  wire.lose = (data) => {
    if (typeof data !== 'string') data[20] = (data[20] ?? 0) ^ 1;
    return false;
  };
  await settled(got);
  await settled(sent);
  expect(got).toMatchObject({ state: 'failed', reason: 'corrupt', blob: null });
  expect(sent).toMatchObject({ state: 'failed', reason: 'corrupt' });
});

test('what gets no further is given up', async () => {
  const [sent] = (await ann.send(file(2_000_000), 'bob')) as [FileTransfer];
  const got = await offered();
  got.accept();
  await run(150, 5);
  wire.lose = () => true;
  await run(40_000);
  expect(sent).toMatchObject({ state: 'failed', reason: 'stalled' });
  expect(got).toMatchObject({ state: 'failed', reason: 'stalled' });
});

test('who leaves takes their transfers along', async () => {
  const [sent] = (await ann.send(file(10), 'bob')) as [FileTransfer];
  ann.left('bob');
  expect(sent).toMatchObject({ state: 'failed', reason: 'left' });
});

test('more than 20 MB are refused before anything is sent', async () => {
  await expect(ann.send(file(20_000_001), 'bob')).rejects.toMatchObject({ code: 'too-large' });
  await expect(ann.send(file(1), 'nobody')).rejects.toMatchObject({ code: 'not-found' });
});

test('a flood of offers is bounded, and garbage is passed over', async () => {
  for (let transfer = 0; transfer < 100; transfer++) {
    const offer = {
      kind: 'offer',
      transfer,
      name: '../../etc/pass\u202ewd',
      size: 1,
      type: '',
      sha256: 'a'.repeat(64),
    };
    bob.received('ann', JSON.stringify(offer));
  }
  expect(bob.list).toHaveLength(8);
  expect(bob.list[0]?.file.name).toBe('passwd');
  for (const data of ['', '{', '{"kind":"offer"}', '{"kind":"accept","transfer":-1}', 'x'.repeat(10_000)]) {
    bob.received('ann', data);
  }
  bob.received('ann', new Uint8Array(3));
  bob.received('ann', new Uint8Array(100_000));
  bob.received(
    'stranger',
    JSON.stringify({ kind: 'offer', transfer: 1, name: 'x', size: 1, type: '', sha256: 'a'.repeat(64) }),
  );
  expect(bob.list).toHaveLength(8);
});
