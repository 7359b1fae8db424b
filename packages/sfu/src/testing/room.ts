/** A router with publishers and subscribers over the memory datapath, for the engine's tests. */
import type { Datapath } from '@efir/datapath';
import { type CodecParameters, type SectionParameters, writeRtpHeader } from '@efir/rtc';
import { Engine } from '../routing/engine.js';
import { Schedule } from '../routing/schedule.js';
import type { Transport } from '../routing/transport.js';
import type { WorkerNotice } from '../worker/control.js';
import { MemoryDatapath, type SentRtp } from './memory-datapath.js';

const feedback = { nack: true, pli: true, fir: true, transportCc: true };
export const VP8: CodecParameters = {
  name: 'vp8',
  payloadType: 96,
  rtxPayloadType: 97,
  clockRate: 90_000,
  fmtp: {},
  feedback,
};
export const OPUS: CodecParameters = {
  name: 'opus',
  payloadType: 111,
  clockRate: 48_000,
  channels: 2,
  fmtp: {},
  feedback: { nack: false, pli: false, fir: false, transportCc: true },
};

export function uplink(mid: string, kind: 'audio' | 'video', ssrc: number, rtxSsrc?: number): SectionParameters {
  return {
    mid,
    kind,
    codecs: [kind === 'video' ? VP8 : OPUS],
    extensions: { mid: 4, transportCc: 3, audioLevel: 1 },
    uplink: { encodings: [{ ssrc, rtxSsrc }] },
  };
}

export function downlink(mid: string, kind: 'audio' | 'video', ssrc: number, rtxSsrc?: number): SectionParameters {
  const codec = kind === 'video' ? { ...VP8, payloadType: 100, rtxPayloadType: 101 } : { ...OPUS, payloadType: 109 };
  return {
    mid,
    kind,
    codecs: [codec],
    extensions: { mid: 9, transportCc: 5, audioLevel: 7 },
    downlink: { ssrc, rtxSsrc, cname: 'c', streamId: 's', trackId: `t${mid}` },
  };
}

export interface PacketInit {
  ssrc: number;
  sequence: number;
  timestamp: number;
  payloadType?: number;
  marker?: boolean;
  payload: Uint8Array;
}

export function rtp(init: PacketInit): Uint8Array {
  const bytes = new Uint8Array(12 + init.payload.length);
  writeRtpHeader(bytes, 0, {
    marker: init.marker ?? false,
    payloadType: init.payloadType ?? 96,
    sequence: init.sequence,
    timestamp: init.timestamp,
    ssrc: init.ssrc,
  });
  bytes.set(init.payload, 12);
  return bytes;
}

/** A VP8 payload with 15-bit picture id and TL0PICIDX. */
export function vp8(pictureId: number, tl0: number, key: boolean, size = 100): Uint8Array {
  const payload = new Uint8Array(size).fill(0xaa);
  // X and S; I and L; picture id; TL0PICIDX; payload header with the inverse key frame bit; start code.
  payload.set([0x90, 0xc0, 0x80 | (pictureId >> 8), pictureId & 0xff, tl0, key ? 0x10 : 0x11, 0, 0]);
  if (key) payload.set([0x9d, 0x01, 0x2a, 64, 1, 180, 0], 8);
  return payload;
}

export class TestRoom {
  readonly datapath = new MemoryDatapath();
  readonly notices: WorkerNotice[] = [];
  readonly engine: Engine;
  readonly schedule: Schedule;

  constructor(seed = 1) {
    this.engine = new Engine({
      datapath: this.datapath as unknown as Datapath,
      random: () => {
        seed = (seed * 48_271) % 0x7fffffff;
        return seed / 0x7fffffff;
      },
      notify: (notice) => this.notices.push(notice),
      onStun: () => {},
      unixAtZeroMs: 1_700_000_000_000,
    });
    this.schedule = new Schedule(this.engine);
    this.engine.openRouter('r');
  }

  join(id: string, sections: SectionParameters[]): Transport {
    const transport = this.engine.openTransport(id, 'r', this.datapath.createPeer());
    transport.configure(sections);
    transport.becameConnected();
    return transport;
  }

  /** The stream takes the producer, at its next key frame. */
  route(transport: Transport, mid: string, producer: string | null): void {
    this.engine.setClock();
    transport.router.route(transport.streams.get(mid)!, producer === null ? null : { producer });
  }

  send(transport: Transport, ...packets: Uint8Array[]): SentRtp[] {
    for (const packet of packets) this.datapath.arrive(transport.peer, 'rtp', packet);
    this.engine.receiveTurn(1);
    return this.datapath.take();
  }

  report(transport: Transport, rtcp: Uint8Array): SentRtp[] {
    this.datapath.arrive(transport.peer, 'rtcp', rtcp);
    this.engine.receiveTurn(1);
    return this.datapath.take();
  }

  /** Lets time pass, ticking. */
  pass(ms: number): void {
    for (let t = 0; t < ms; t += 20) {
      this.datapath.timeUs += 20_000;
      this.schedule.tick();
    }
  }
}
