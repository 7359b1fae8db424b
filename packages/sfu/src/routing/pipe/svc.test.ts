import { type CodecParameters, parseRtcp } from '@efir/rtc';
import { expect, test } from 'vitest';
import { PipedRooms } from '../../testing/piped-rooms.js';
import { downlink, rtp, VP8 } from '../../testing/room.js';
import type { SimulatedRoom } from '../../testing/simulated-room.js';

const VP9: CodecParameters = { ...VP8, name: 'vp9', payloadType: 98, rtxPayloadType: 99, fmtp: { 'profile-id': '0' } };
const FRAME_MS = 65;
const BYTES = [200, 500, 1_000];

/** Three spatial layers of VP9 in one encoding, each picture one packet a layer; upper ones can be taken up at key frames. */
class SvcPublisher {
  key = true;
  requests = 0;
  readonly peer: number;
  #sequence = 100;
  #picture = 0;

  constructor(readonly room: SimulatedRoom) {
    const extensions = { mid: 4, transportCc: 3 };
    const uplink = { encodings: [{ ssrc: 500, rtxSsrc: 501 }] };
    this.peer = room.join('svc.1', [{ mid: 'v', kind: 'video', codecs: [VP9], extensions, uplink }]).peer;
    const pli = () => {
      this.requests++;
      this.key = true;
    };
    room.others.set(this.peer, {
      take: (kind, bytes) => kind === 'rtcp' && parseRtcp(bytes, 0, bytes.length, { pli }),
    });
  }

  picture(): void {
    for (let sid = 0; sid < 3; sid++) {
      const payload = new Uint8Array(BYTES[sid]).fill(0x55);
      const structure = this.key && sid === 0;
      // I, P unless it is a key picture, L, B, E, V; picture id; SID and D; TL0PICIDX; the structure.
      payload[0] = 0x80 | (this.key ? 0 : 0x40) | 0x20 | 0x08 | 0x04 | (structure ? 0x02 : 0);
      payload.set([this.#picture & 0x7f, (sid << 1) | (sid > 0 ? 1 : 0), this.#picture & 0xff], 1);
      if (structure) payload.set([0b010_10_000, 1, 64, 0, 180, 2, 128, 1, 104, 5, 0, 2, 208], 4);
      const sequence = this.#sequence++ & 0xffff;
      const timestamp = this.#picture * 5_850;
      this.room.arrive(
        this.peer,
        'rtp',
        rtp({ ssrc: 500, payloadType: 98, sequence, timestamp, marker: sid === 2, payload }),
      );
    }
    this.key = false;
    this.#picture++;
  }
}

/** Payload sizes that come to it. */
function viewer(room: SimulatedRoom, id: string, ssrc: number, height: number) {
  const section = {
    ...downlink('v', 'video', ssrc, ssrc + 1),
    codecs: [{ ...VP9, payloadType: 100, rtxPayloadType: 101 }],
  };
  const transport = room.join(id, [section]);
  const got: { bytes: number; sequence: number }[] = [];
  const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset);
  room.others.set(transport.peer, {
    take: (kind, bytes) => {
      if (kind !== 'rtp' || view(bytes).getUint32(8) !== ssrc) return;
      got.push({ bytes: bytes.length, sequence: view(bytes).getUint16(2) });
    },
  });
  const show = (most: number) => {
    room.engine.setClock();
    const want = { role: 'stage', height: most, order: 0 } as const;
    transport.router.route(transport.streams.get('v')!, { producer: 'svc.1/v' }, want);
  };
  show(height);
  return { got, show };
}

test('of layers in one encoding those that nobody takes stay behind, and come with a key frame when they are', async () => {
  const piped = new PipedRooms(2);
  const [a, b] = piped.rooms;
  const publisher = new SvcPublisher(a);
  const pipe = piped.pipe(0, 1);
  const run = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += FRAME_MS) {
      publisher.picture();
      await piped.run(FRAME_MS);
    }
  };
  await run(1_500);
  const { got, show } = viewer(b, 'bob.1', 9_000, 150);
  await run(6_000);
  const [stream] = pipe.source.transport.streams.values();
  expect(stream.limits.spatial).toBe(0);
  const small = got.slice(-20);
  expect(small.every(({ bytes }) => bytes < 300)).toBe(true);
  const { packets } = pipe.forth;
  await run(650);
  expect(pipe.forth.packets - packets).toBeLessThanOrEqual(11);
  const asked = publisher.requests;
  show(720);
  await run(3_000);
  expect(stream.limits.spatial).toBeGreaterThanOrEqual(2);
  expect(publisher.requests).toBeGreaterThan(asked);
  expect(got.slice(-9).some(({ bytes }) => bytes > 900)).toBe(true);
  const sequences = got.map(({ sequence }) => sequence);
  expect(new Set(sequences).size).toBe(sequences.at(-1)! - sequences[0] + 1);
});
