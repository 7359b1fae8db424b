/** Data channels of real browsers through the SFU, by a page of nothing but an RTCPeerConnection. */
import { io } from 'socket.io-client';
import { expect, test } from 'vitest';
import { type BrowserPage, hasFirefox } from './harness/browsers.js';
import { useStage } from './harness/stage.js';
import { until } from './harness/until.js';

const stage = useStage();
const LABELS = ['reliable', 'lossy', 'file'] as const;
type Label = (typeof LABELS)[number];

declare global {
  interface Window {
    efirData: {
      pc: RTCPeerConnection;
      channels: Record<string, RTCDataChannel>;
      /** `channel from text`, or `channel from #length`. */
      got: string[];
      file: Uint8Array[];
    };
  }
}

interface Client {
  id: string;
  page: BrowserPage;
  got(): Promise<string[]>;
  states(): Promise<string[]>;
}

/** A page with the three channels, its offer carried by a socket of the test. */
async function join(room: string, name: string, browser: 'chromium' | 'firefox' = 'chromium'): Promise<Client> {
  const server = await stage.server();
  const page = await (await stage.browser(browser)).open();
  stage.later(() => page.close().catch(() => {}));
  await page.goto(`${server.url}/healthz`);
  const offer = await page.evaluate(
    async (labels) => {
      const pc = new RTCPeerConnection();
      const data = { pc, channels: {}, got: [], file: [] } as Window['efirData'];
      window.efirData = data;
      for (const label of labels) {
        const lossy = { ordered: false, maxRetransmits: 0 };
        const channel = pc.createDataChannel(label, label === 'lossy' ? lossy : {});
        channel.binaryType = 'arraybuffer';
        channel.onmessage = ({ data: message }) => {
          const bytes = typeof message === 'string' ? new TextEncoder().encode(message) : new Uint8Array(message);
          const payload = bytes.subarray(1 + bytes[0]);
          const from = new TextDecoder().decode(bytes.subarray(1, 1 + bytes[0]));
          if (typeof message === 'string') data.got.push(`${label} ${from} ${new TextDecoder().decode(payload)}`);
          else if (label === 'file') data.file.push(payload);
          else data.got.push(`${label} ${from} #${payload.length}`);
        };
        data.channels[label] = channel;
      }
      await pc.setLocalDescription();
      return pc.localDescription?.sdp ?? '';
    },
    LABELS as unknown as string[],
  );

  const socket = io(`${server.url}/sfu`, { transports: ['websocket'], forceNew: true });
  stage.later(() => socket.close());
  const entered = await socket.timeout(5000).emitWithAck('enter', { room, name });
  expect(entered.ok, JSON.stringify(entered)).toBe(true);
  const answered = await socket.timeout(5000).emitWithAck('offer', { sdp: offer, tracks: [], fresh: true });
  expect(answered.ok, JSON.stringify(answered)).toBe(true);
  await page.evaluate(async (sdp) => {
    await window.efirData.pc.setRemoteDescription({ type: 'answer', sdp });
  }, answered.sdp as string);
  const client: Client = {
    id: entered.participant,
    page,
    got: () => page.evaluate(() => window.efirData.got, undefined),
    states: () => page.evaluate(() => Object.values(window.efirData.channels).map((one) => one.readyState), undefined),
  };
  await until(
    async () => (await client.states()).every((state) => state === 'open'),
    { within: 10_000, what: `${name}'s channels are open` },
    () => client.states(),
  );
  return client;
}

/** Sends texts on a channel, to one or to all. */
function say(client: Client, label: Label, to: string, texts: string[]): Promise<void> {
  return client.page.evaluate(
    ({ label, to, texts }) => {
      const channel = window.efirData.channels[label];
      for (const text of texts) channel.send(String.fromCharCode(to.length) + to + text);
    },
    { label, to, texts },
  );
}

async function receives(client: Client, count: number): Promise<string[]> {
  await until(
    async () => (await client.got()).length >= count,
    { within: 15_000, what: `${count} messages have come` },
    async () => (await client.got()).length,
  );
  return client.got();
}

test('a thousand messages from one page reach two others once and in order', async () => {
  const room = stage.room();
  const ann = await join(room, 'Ann');
  const bob = await join(room, 'Bob');
  const cleo = await join(room, 'Cleo');
  const texts = Array.from({ length: 1_000 }, (_, i) => `message ${i} ☺`);
  await say(ann, 'reliable', '', texts);
  for (const other of [bob, cleo]) {
    expect(await receives(other, 1_000)).toEqual(texts.map((text) => `reliable ${ann.id} ${text}`));
  }
  await say(bob, 'lossy', ann.id, ['quick']);
  await say(cleo, 'file', ann.id, ['{"kind":"offer"}']);
  await say(bob, 'reliable', ann.id, ['']);
  expect((await receives(ann, 3)).sort()).toEqual(
    [`file ${cleo.id} {"kind":"offer"}`, `lossy ${bob.id} quick`, `reliable ${bob.id} `].sort(),
  );
  expect((await bob.got()).length).toBe(1_000);
});

test('20 MB go from page to page whole, with their hash', async () => {
  const room = stage.room();
  const ann = await join(room, 'Ann');
  const bob = await join(room, 'Bob');
  const sent = await ann.page.evaluate(async (to) => {
    const channel = window.efirData.channels.file;
    const file = new Uint8Array(20_000_000);
    for (let at = 0; at < file.length; at += 65_536) crypto.getRandomValues(file.subarray(at, at + 65_536));
    channel.bufferedAmountLowThreshold = 262_144;
    const part = new Uint8Array(1 + to.length + 16_384);
    part[0] = to.length;
    part.set(new TextEncoder().encode(to), 1);
    for (let at = 0; at < file.length; at += 16_384) {
      if (channel.bufferedAmount > 1_048_576)
        await new Promise((resolve) => {
          channel.onbufferedamountlow = resolve;
        });
      const piece = file.subarray(at, at + 16_384);
      part.set(piece, 1 + to.length);
      channel.send(part.subarray(0, 1 + to.length + piece.length));
    }
    const digest = await crypto.subtle.digest('SHA-256', file);
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }, bob.id);
  const received = () =>
    bob.page.evaluate(() => window.efirData.file.reduce((sum, { length }) => sum + length, 0), undefined);
  await until(
    async () => (await received()) === 20_000_000,
    { within: 60_000, what: 'the file has come', every: 250 },
    received,
  );
  const digest = await bob.page.evaluate(async () => {
    const whole = await new Blob(window.efirData.file as BlobPart[]).arrayBuffer();
    const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }, undefined);
  expect(digest).toBe(sent);
});

test('a closed channel is closed at both ends and can be opened anew', async () => {
  const room = stage.room();
  const ann = await join(room, 'Ann');
  const bob = await join(room, 'Bob');
  await ann.page.evaluate(() => {
    const { pc, channels, got } = window.efirData;
    channels.reliable.onclose = () => {
      got.push('closed');
      channels.reliable = pc.createDataChannel('reliable');
      channels.other = pc.createDataChannel('something else');
    };
    channels.reliable.close();
  }, undefined);
  await receives(ann, 1);
  await until(async () => (await ann.states()).join() === 'open,open,open,closed', {
    within: 10_000,
    what: 'the new channel is open and the unknown one is closed',
  });
  await say(ann, 'reliable', '', ['again']);
  expect(await receives(bob, 1)).toEqual([`reliable ${ann.id} again`]);
});

test.skipIf(!hasFirefox)('Firefox and Chromium exchange messages', async () => {
  const room = stage.room();
  const finn = await join(room, 'Finn', 'firefox');
  const ann = await join(room, 'Ann');
  const texts = Array.from({ length: 300 }, (_, i) => `message ${i}`);
  await say(finn, 'reliable', '', texts);
  await say(ann, 'reliable', finn.id, texts);
  expect(await receives(ann, 300)).toEqual(texts.map((text) => `reliable ${finn.id} ${text}`));
  expect(await receives(finn, 300)).toEqual(texts.map((text) => `reliable ${ann.id} ${text}`));
});
