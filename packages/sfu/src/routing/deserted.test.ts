import { expect, test } from 'vitest';
import { downlink, rtp, TestRoom, uplink, vp8 } from '../testing/room.js';
import { DESERTED_MS } from './deserted.js';
import type { Transport } from './transport.js';

/** Ann has the floor, Ben sends as well, and a player follows who speaks. */
function stage() {
  const room = new TestRoom();
  const ann = room.join('ann', [uplink('a', 'audio', 10), uplink('0', 'video', 1111)]);
  const ben = room.join('ben', [uplink('a', 'audio', 20), uplink('0', 'video', 5555)]);
  const player = room.join('player', [downlink('v', 'video', 2)]);
  room.engine.setClock();
  const router = room.engine.routers.get('r')!;
  router.route(player.streams.get('v')!, { follow: 'speaker' });
  let sequence = 0;
  /** Whose pictures reach the player while those who are named send some, 50 a second. */
  const send = (who: Transport[], ms: number): string[] => {
    const shown = new Set<string>();
    for (let t = 0; t < ms; t += 20) {
      sequence++;
      for (const from of who) {
        const [ssrc, speaks] = from === ann ? [1111, true] : [5555, false];
        const payload = vp8(sequence, sequence & 255, true);
        const packets = room.send(from, rtp({ ssrc, sequence, timestamp: sequence * 1800, marker: true, payload }));
        if (packets.length > 0) shown.add(from.id);
        router.heard(from.producers.get('a')!, speaks ? 20 : 127, room.engine.now);
      }
      room.pass(20);
    }
    return [...shown];
  };
  return { room, ann, ben, player, router, send };
}

test('who crashed is not followed for longer than they may be silent, and is again when they come back', () => {
  const { ann, ben, router, send } = stage();
  send([ann, ben], 1_000);
  expect(send([ann, ben], 1_000)).toEqual(['ann']);
  expect(send([ben], DESERTED_MS - 200)).toEqual([]);
  send([ben], 400);
  expect(send([ben], 500)).toEqual(['ben']);
  expect(router.producers.get('ann/0')).toMatchObject({ deserted: true, paused: false });
  send([ann, ben], 500);
  expect(send([ann, ben], 1_000)).toEqual(['ann']);
});

test('who is alone may be silent: nobody else is to be shown', () => {
  const { ann, router, send } = stage();
  send([ann], 2_000);
  send([], 10_000);
  expect(router.producers.get('ann/0')!.deserted).toBe(false);
  expect(send([ann], 200)).toEqual(['ann']);
});

test('who has just come is not taken for gone', () => {
  const { room, ann, router, send } = stage();
  send([ann], 1_000);
  room.join('cat', [uplink('0', 'video', 7777)]);
  send([ann], 5_000);
  expect(router.producers.get('cat/0')!.deserted).toBe(false);
});
