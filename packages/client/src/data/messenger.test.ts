import type { SayRequest } from '@efir/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EfirError } from '../errors.js';
import type { DataPayload, DataPort } from '../path/media-path.js';
import { Messenger } from './messenger.js';

/** A room of messengers with channels between them that lose what they are told to lose. */
class FakeRoom {
  readonly members = new Map<string, Messenger>();
  readonly said: (SayRequest & { from: string })[] = [];
  /** Ways by data channel, as `from>to`. */
  readonly closed = new Set<string>();
  lose: (from: string, to: string, text: string) => boolean = () => false;
  mesh = true;
  apart = false;
  offline = false;

  add(id: string): { messenger: Messenger; got: string[] } {
    const port: DataPort = {
      reaches: (_, to) => !this.closed.has(`${id}>${to}`),
      send: (_, to, data) => {
        const receivers = to === null ? this.others(id) : [to];
        for (const one of receivers) this.carry(id, one, data);
        return true;
      },
      buffered: () => 0,
    };
    const messenger = new Messenger({
      port: () => port,
      mesh: () => this.mesh,
      peers: () => this.others(id),
      apart: () => this.apart,
      say: async (message) => {
        if (this.offline) throw new EfirError('signalling', 'offline');
        this.said.push({ ...message, from: id });
        const { to, data, channel } = message;
        for (const one of to === null ? this.others(id) : [to]) {
          queueMicrotask(() => this.members.get(one)?.said({ from: id, channel, data }));
        }
      },
    });
    for (const other of this.members.values()) other.joined(id);
    this.members.set(id, messenger);
    const got: string[] = [];
    messenger.on('message', ({ from, message }) => got.push(`${from}: ${String(message.body)}`));
    return { messenger, got };
  }

  private others = (id: string): string[] => [...this.members.keys()].filter((other) => other !== id);

  private carry(from: string, to: string, data: DataPayload): void {
    if (this.closed.has(`${from}>${to}`) || this.lose(from, to, String(data))) return;
    queueMicrotask(() => this.members.get(to)?.received(from, data));
  }
}

let room: FakeRoom;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  room = new FakeRoom();
});
afterEach(() => {
  for (const messenger of room.members.values()) messenger.close();
  vi.useRealTimers();
});
const texts = (count: number, from = 'ann') => Array.from({ length: count }, (_, i) => `${from}: ${i + 1}`);

test.each([true, false])('everybody gets everything once and in order (mesh: %s)', async (mesh) => {
  room.mesh = mesh;
  const { messenger: ann, got: own } = room.add('ann');
  const others = [room.add('bob'), room.add('cleo')];
  for (let i = 1; i <= 20; i++) ann.broadcast('chat', i);
  await vi.advanceTimersByTimeAsync(5_000);
  for (const { got } of others) expect(got).toEqual(texts(20));
  expect(own).toEqual([]);
});

test('with somebody on another node everything is said over Socket.IO, which reaches them', async () => {
  room.mesh = false;
  room.apart = true;
  const { messenger: ann } = room.add('ann');
  const { got: bob } = room.add('bob');
  room.lose = () => true;
  for (let i = 1; i <= 3; i++) ann.broadcast('chat', i);
  ann.sendLossy(null, 'pointer', 4);
  await vi.advanceTimersByTimeAsync(0);
  expect(bob.sort()).toEqual(texts(4));
});

test('what channels lose is asked for and said again', async () => {
  const { messenger: ann } = room.add('ann');
  const { got: bob } = room.add('bob');
  const { got: cleo } = room.add('cleo');
  let n = 0;
  room.lose = (_, to) => to === 'bob' && n++ % 3 === 2;
  for (let i = 1; i <= 30; i++) ann.broadcast('chat', i);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(bob).toEqual(texts(30));
  expect(cleo).toEqual(texts(30));
});

test('the very last message is not lost either', async () => {
  const { messenger: ann } = room.add('ann');
  const { got: bob } = room.add('bob');
  room.mesh = false;
  room.lose = () => true;
  ann.broadcast('chat', 1);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(bob).toEqual(['ann: 1']);
});

test('where no channel is open it goes over Socket.IO, to all of them at once if there is none', async () => {
  const { messenger: ann } = room.add('ann');
  const others = [room.add('bob'), room.add('cleo')];
  room.closed.add('ann>bob');
  ann.broadcast('chat', 1);
  room.closed.add('ann>cleo');
  ann.broadcast('chat', 2);
  await vi.advanceTimersByTimeAsync(3_000);
  for (const { got } of others) expect(got).toEqual(texts(2));
  expect(room.said.filter(({ data }) => data.includes('"chat"')).map(({ to }) => to)).toEqual(['bob', null]);
});

test('the order holds while the room moves from one way to another', async () => {
  const { messenger: ann } = room.add('ann');
  const { got: bob } = room.add('bob');
  for (let i = 1; i <= 12; i++) {
    if (i === 4) room.closed.add('ann>bob');
    if (i === 8) {
      room.closed.clear();
      room.mesh = false;
      ann.renewed();
    }
    // What is under way when a path closes is gone.
    room.lose = () => i === 3 || i === 9;
    ann.broadcast('chat', i);
    await vi.advanceTimersByTimeAsync(30);
  }
  room.lose = () => false;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(bob).toEqual(texts(12));
});

test('without the server messages wait for it', async () => {
  const { messenger: ann } = room.add('ann');
  const { got: bob } = room.add('bob');
  room.closed.add('ann>bob');
  room.offline = true;
  ann.broadcast('chat', 1);
  ann.broadcast('chat', 2);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(bob).toEqual([]);
  room.offline = false;
  ann.renewed();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(bob).toEqual(texts(2));
});

test('who comes later gets what is written from then on, and nothing from before', async () => {
  const { messenger: ann } = room.add('ann');
  room.add('bob');
  for (let i = 1; i <= 5; i++) ann.broadcast('chat', i);
  await vi.advanceTimersByTimeAsync(3_000);
  const { got: cleo } = room.add('cleo');
  await vi.advanceTimersByTimeAsync(3_000);
  room.lose = (_, to) => to === 'cleo';
  ann.broadcast('chat', 6);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(cleo).toEqual(['ann: 6']);
});

test('garbage is passed over', async () => {
  const { messenger: bob, got } = room.add('bob');
  const bad = [
    '',
    'null',
    '[]',
    '{"id":5}',
    '{"id":"x","kind":"Chat!","at":0}',
    '{"id":"x","kind":"chat","at":"now"}',
    `{"id":"${'x'.repeat(65)}","kind":"chat","at":0}`,
    'x'.repeat(100_000),
    '{"id":"a","kind":"tip","at":0,"body":{"stream":5,"sequence":-1}}',
    '{"id":"a","kind":"resend","at":0,"body":null}',
  ];
  for (const data of bad) bob.received('eve', data);
  bob.received('eve', new Uint8Array([1, 2, 3]));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(got).toEqual([]);
});
