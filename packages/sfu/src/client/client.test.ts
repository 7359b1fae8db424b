import { fileURLToPath } from 'node:url';
import { type CodecParameters, clientCodecs, clientExtensions, type SectionParameters } from '@efir/rtc';
import { afterEach, expect, test } from 'vitest';
import { WorkerProcess } from '../worker/process.js';
import { DelayHistogram } from './delay-histogram.js';
import { ClientHub } from './hub.js';
import type { ClientPeer } from './peer.js';
import { SEND_STAMP_BYTES, stampUs, writeSendStamp } from './send-stamp.js';
import { Vp8Packetizer } from './vp8-packetizer.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const codecs: CodecParameters[] = clientCodecs('video', ['vp8']);
const extensions = clientExtensions('video');
const PUBLISHED: SectionParameters = {
  mid: '0',
  kind: 'video',
  codecs,
  extensions,
  uplink: { encodings: [{ ssrc: 1001, rtxSsrc: 1002 }], cname: 'publisher' },
};
const RECEIVED: SectionParameters = {
  mid: '1',
  kind: 'video',
  codecs,
  extensions,
  downlink: { ssrc: 2001, rtxSsrc: 2002, cname: 'server', streamId: 's', trackId: 't' },
};

async function stage() {
  const script = fileURLToPath(new URL('../../dist/worker/main.js', import.meta.url));
  const worker = await WorkerProcess.spawn({ index: 0, port: 0, listen: ['127.0.0.1'] }, { script });
  closing.push(() => worker.close());
  await worker.request({ type: 'openRouter', router: 'r' });
  const delays = new DelayHistogram();
  const hub = new ClientHub({ delays });
  closing.push(() => hub.close());

  const join = async (transport: string, sections: SectionParameters[], badFingerprint = false) => {
    const peer = hub.createPeer(transport);
    const localIce = { usernameFragment: `${transport}ufrag`, password: 'secretsecretsecretsecret' };
    await worker.request({
      type: 'configureTransport',
      router: 'r',
      transport,
      localIce,
      remoteIce: peer.localIce,
      dtlsRole: 'server',
      remoteFingerprints: [hub.fingerprint],
      sections,
    });
    const { algorithm, value } = worker.fingerprint;
    peer.agree({
      remoteIce: localIce,
      remoteFingerprints: [{ algorithm, value: badFingerprint ? value.replace(/^../, '00') : value }],
      candidates: [
        {
          foundation: '1',
          component: 1,
          protocol: 'udp',
          priority: 1,
          address: '127.0.0.1',
          port: worker.port,
          type: 'host',
        },
      ],
      sections,
    });
    await peer.connected();
    return peer;
  };
  return { worker, hub, delays, join };
}

function keyFrame(bytes: number): Uint8Array {
  const frame = new Uint8Array(bytes);
  frame.set([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x05, 0xd0, 0x02]);
  return frame;
}

/** Sends frames until `done`, at most for 5 s. */
async function sendUntil(peer: ClientPeer, done: () => boolean): Promise<void> {
  const packetizer = new Vp8Packetizer();
  for (let i = 0; i < 500 && !done(); i++) {
    const payloads = packetizer.packetize(keyFrame(3000));
    for (const [k, payload] of payloads.entries()) {
      writeSendStamp(payload, payload.length, stampUs(performance.now()));
      peer.send('0', payload, { timestamp: i * 900, marker: k === payloads.length - 1 });
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(done()).toBe(true);
}

test('what one peer publishes reaches the other through a worker, counted and timed', async () => {
  const { worker, delays, join } = await stage();
  const publisher = await join('pub', [PUBLISHED]);
  const subscriber = await join('sub', [RECEIVED]);
  await worker.request({ type: 'route', transport: 'sub', routes: [{ mid: '1', source: { producer: 'pub/0' } }] });
  await sendUntil(publisher, () => subscriber.incoming[0].packets > 100 && publisher.feedbacks > 2);
  const stats = subscriber.incoming[0].stats();
  expect(stats).toMatchObject({ codec: 'vp8', lost: 0, freezes: 0 });
  expect(stats.frames).toBeGreaterThan(30);
  expect(stats.keyFrames).toBe(stats.frames + (stats.packets % 3 === 0 ? 0 : 1));
  expect(delays.count).toBe(stats.packets);
  expect(delays.quantileMs(0.5)).toBeGreaterThan(0);
  expect(delays.quantileMs(0.5)).toBeLessThan(100);
  expect(subscriber.srtpProfile).toBe('AEAD_AES_128_GCM');
}, 20_000);

test('a subscriber that begins in the middle gets a key frame by asking', async () => {
  const { worker, join } = await stage();
  const publisher = await join('pub', [PUBLISHED]);
  const subscriber = await join('sub', [RECEIVED]);
  let asked = 0;
  publisher.on('keyFrame', (mid) => {
    expect(mid).toBe('0');
    asked++;
  });
  await worker.request({ type: 'route', transport: 'sub', routes: [{ mid: '1', source: { producer: 'pub/0' } }] });
  const packetizer = new Vp8Packetizer();
  const started = performance.now();
  while (asked === 0 && performance.now() - started < 5000) {
    const inter = new Uint8Array(500).fill(0x11);
    for (const payload of packetizer.packetize(inter)) publisher.send('0', payload, { timestamp: 0, marker: true });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(asked).toBeGreaterThan(0);
  expect(subscriber.incoming[0].packets).toBe(0);
}, 20_000);

test('a server with another certificate than the answer says is refused', async () => {
  const { join } = await stage();
  await expect(join('pub', [PUBLISHED], true)).rejects.toMatchObject({
    code: 'connect-failed',
    message: /fingerprint/,
  });
}, 20_000);

test('a closed peer is closed for the worker too, and closing twice is nothing', async () => {
  const { worker, hub, join } = await stage();
  const publisher = await join('pub', [PUBLISHED]);
  const closed = new Promise<void>((resolve) => {
    worker.on('notice', (notice) => {
      if (notice.type === 'transportState' && notice.transport === 'pub' && notice.state === 'closed') resolve();
    });
  });
  publisher.close();
  publisher.close();
  await closed;
  expect([publisher.state, [...hub.peers].length]).toEqual(['closed', 0]);
  expect(SEND_STAMP_BYTES).toBe(12);
}, 20_000);
