import { afterEach, describe, expect, test } from 'vitest';
import type { PeerEvent } from './datapath.js';
import { connect, connected, End, pathOf, random, start, until } from './testing/end.js';
import { Relay } from './testing/relay.js';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});
function keep<T extends { close(): void }>(one: T): T {
  open.push(one);
  return one;
}
const pair = (options = {}) => [keep(new End(options)), keep(new End(options))] as const;
const HANDSHAKE = 22;

/** For these tests only. */
const CERTIFICATE = {
  certificatePem: `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIULIiVytvA/8F1T8OsCsqBUDGTqBEwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjIxOTEyMjJaGA8yMTI2MTAyOTE5MTIy
MlowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNP2
ZUYwT1dJcxDD2ILRCVH4d1iLZt7fFDiidTytEtgEJUGFpv+cj9DhT4PHVzPLhXTv
cqcDmiosJ52buqlcAa2jUzBRMB0GA1UdDgQWBBRZPzY3sJhZIgWKbRIpHUMGsmCB
9DAfBgNVHSMEGDAWgBRZPzY3sJhZIgWKbRIpHUMGsmCB9DAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIQDGadzgwmVF03sNpeYnJt/4JSgdlMTInTet
YacXWoTz+QIgBoW0BpI8CEnOD66TK4an1p60wlRdyp734wk0LtXp9T0=
-----END CERTIFICATE-----`,
  privateKeyPem: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgiFwpqfh/h5ApbmIj
1hssQiJ/hEquVuEeHmf0MC9JLAmhRANCAATT9mVGME9XSXMQw9iC0QlR+HdYi2be
3xQ4onU8rRLYBCVBhab/nI/Q4U+Dx1czy4V073KnA5oqLCedm7qpXAGt
-----END PRIVATE KEY-----`,
};
const CERTIFICATE_FINGERPRINT =
  'AD:74:D2:AC:B6:43:F8:19:5C:A9:4D:B1:5E:4B:49:81:91:E5:55:19:CC:DE:F3:7D:A0:45:2F:D8:0E:7E:91:DA';

describe.each([{ portable: false }, { portable: true }])('portable: $portable', ({ portable }) => {
  test.each(['AEAD_AES_128_GCM', 'AES128_CM_SHA1_80'] as const)('two ends agree on %s', async (profile) => {
    const link = await connect({ profile, portable });
    open.push(link.server, link.client);
    const event = { type: 'connected', profile, dtlsVersion: 'DTLSv1.2' };
    expect(link.server.events).toEqual([{ peer: link.serverPeer, event }]);
    expect(link.client.events).toEqual([{ peer: link.clientPeer, event }]);
  });

  test('with a third of the datagrams lost it still succeeds', async () => {
    const [server, client] = pair({ portable, dtlsRetransmitMs: 20 });
    const chance = random(portable ? 11 : 7);
    for (let i = 0; i < 5; i++) {
      const relay = keep(await new Relay().open(server.port, client.port));
      relay.passage = (datagram) => (chance(100) < 33 ? [] : [datagram]);
      const link = await connected(start(server, client, relay.clientSide, relay.serverSide));
      expect(server.eventsOf(link.serverPeer)).toEqual(['connected']);
      expect(client.eventsOf(link.clientPeer)).toEqual(['connected']);
    }
  });
});

test('the server prefers AEAD when the client offers both the other way round', async () => {
  const server = keep(new End());
  const client = keep(new End({ srtpProfiles: ['AES128_CM_SHA1_80', 'AEAD_AES_128_GCM'] }));
  await connected(start(server, client));
  expect(server.events[0].event).toMatchObject({ profile: 'AEAD_AES_128_GCM' });
});

test('no common SRTP profile: both ends say so', async () => {
  const server = keep(new End({ srtpProfiles: ['AEAD_AES_128_GCM'] }));
  const client = keep(new End({ srtpProfiles: ['AES128_CM_SHA1_80'] }));
  await connected(start(server, client));
  expect(server.events[0].event).toMatchObject({ type: 'failed', reason: 'no-srtp-profile' });
  expect(client.events[0].event).toMatchObject({ type: 'failed', reason: 'no-srtp-profile' });
});

test.each(['server', 'client'] as const)('a certificate with another fingerprint is refused by the %s', async (who) => {
  const [server, client] = pair();
  const stranger = keep(new End());
  const serverPeer = server.datapath.createPeer();
  const clientPeer = client.datapath.createPeer();
  server.datapath.selectPath(serverPeer, pathOf(server.socket, client.port));
  client.datapath.selectPath(clientPeer, pathOf(client.socket, server.port));
  const expected = (end: End, name: string) => ({
    fingerprints: [(who === name ? stranger : end).datapath.fingerprint],
  });
  server.datapath.startDtls(serverPeer, { role: 'server', ...expected(client, 'server') });
  client.datapath.startDtls(clientPeer, { role: 'client', ...expected(server, 'client') });
  const refusing = who === 'server' ? server : client;
  await until(() => refusing.events.length > 0);
  expect(refusing.events[0].event).toMatchObject({ type: 'failed', reason: 'fingerprint' });
  expect(refusing.datapath.stats()).toMatchObject({ dtlsFailures: 1, dtlsHandshakes: 0 });
  const other = who === 'server' ? client : server;
  await until(() => other.events.length > 0);
  expect(other.events[0].event).toMatchObject({ type: 'failed', reason: 'handshake' });
});

test('of several fingerprints those of the strongest hash count, one match suffices', async () => {
  const [server, client] = pair();
  const wrong = { algorithm: 'sha-256', value: Array(32).fill('00').join(':') };
  const weak = { algorithm: 'sha-1', value: Array(20).fill('00').join(':') };
  const odd = { algorithm: 'md2', value: '00' };
  const peer = server.datapath.createPeer();
  server.datapath.selectPath(peer, pathOf(server.socket, client.port));
  server.datapath.startDtls(peer, {
    role: 'server',
    fingerprints: [
      odd,
      weak,
      wrong,
      { ...client.datapath.fingerprint, value: client.datapath.fingerprint.value.toLowerCase() },
    ],
  });
  const clientPeer = client.datapath.createPeer();
  client.datapath.selectPath(clientPeer, pathOf(client.socket, server.port));
  client.datapath.startDtls(clientPeer, { role: 'client', fingerprints: [server.datapath.fingerprint] });
  await until(() => server.events.length > 0 && client.events.length > 0);
  expect(server.eventsOf(peer)).toEqual(['connected']);
});

test('fingerprints that are none are an error at once', () => {
  const end = keep(new End());
  const peer = end.datapath.createPeer();
  for (const fingerprints of [[], [{ algorithm: 'md2', value: '00' }], [{ algorithm: 'sha-256', value: '00:11' }]]) {
    expect(() => end.datapath.startDtls(peer, { role: 'server', fingerprints })).toThrow(
      expect.objectContaining({ name: 'DatapathError', code: 'ERR_FINGERPRINT' }),
    );
  }
});

test('a client starts as soon as it knows where to', async () => {
  const [server, client] = pair();
  const serverPeer = server.datapath.createPeer();
  const clientPeer = client.datapath.createPeer();
  client.datapath.startDtls(clientPeer, { role: 'client', fingerprints: [server.datapath.fingerprint] });
  server.datapath.startDtls(serverPeer, { role: 'server', fingerprints: [client.datapath.fingerprint] });
  // Only an added path: the server answers where the question came from.
  server.datapath.addPath(serverPeer, pathOf(server.socket, client.port));
  client.datapath.selectPath(clientPeer, pathOf(client.socket, server.port));
  await until(() => server.events.length > 0 && client.events.length > 0);
  expect(client.eventsOf(clientPeer)).toEqual(['connected']);
});

/** Cuts the handshake message in a client's unprotected record into two, each in its own datagram. */
function cutClientHello(datagram: Uint8Array): Uint8Array[] {
  const view = new DataView(datagram.buffer, datagram.byteOffset);
  const CLIENT_HELLO = 1;
  if (datagram[0] !== HANDSHAKE || view.getUint16(3) !== 0 || datagram[13] !== CLIENT_HELLO) {
    // Later records of the epoch must come after those made out of one.
    if (view.getUint16(3) === 0) renumber(datagram, view.getUint32(7) * 2);
    return [datagram];
  }
  const body = datagram.subarray(25);
  const cut = Math.floor(body.length / 2);
  return [body.subarray(0, cut), body.subarray(cut)].map((part, i) => {
    const record = new Uint8Array(25 + part.length);
    record.set(datagram.subarray(0, 25));
    record.set(part, 25);
    const out = new DataView(record.buffer);
    renumber(record, view.getUint32(7) * 2 + i);
    out.setUint16(11, 12 + part.length);
    out.setUint16(13 + 6, 0); // fragment offset, 24 bits
    record[13 + 8] = 0;
    if (i === 1) out.setUint16(13 + 7, cut);
    out.setUint16(13 + 10, part.length); // fragment length
    return record;
  });
}

/** Renumbers all unprotected records of a datagram, from `sequence` on. */
function renumber(datagram: Uint8Array, sequence: number) {
  const view = new DataView(datagram.buffer, datagram.byteOffset);
  for (let at = 0; at + 13 <= datagram.length; at += 13 + view.getUint16(at + 11)) {
    if (view.getUint16(at + 3) === 0) view.setUint32(at + 7, sequence++);
  }
}

test('a ClientHello in two fragments is put together', async () => {
  const [server, client] = pair();
  const relay = keep(await new Relay().open(server.port, client.port));
  let fragments = 0;
  relay.passage = (datagram, direction) => {
    if (direction === 'to-client') return [datagram];
    const parts = cutClientHello(datagram);
    if (parts.length === 2) fragments += 2;
    return parts;
  };
  const link = await connected(start(server, client, relay.clientSide, relay.serverSide));
  // On a slow machine the client repeats it meanwhile.
  expect(fragments).toBeGreaterThanOrEqual(2);
  expect(server.eventsOf(link.serverPeer)).toEqual(['connected']);
});

test("the server repeats its last flight when the client's comes again", async () => {
  const [server, client] = pair();
  const relay = keep(await new Relay().open(server.port, client.port));
  let lost = 0;
  relay.passage = (datagram, direction) => {
    // The server's ChangeCipherSpec and Finished, twice.
    if (direction === 'to-client' && datagram[0] === 20 && lost++ < 2) return [];
    return [datagram];
  };
  const link = await connected(start(server, client, relay.clientSide, relay.serverSide));
  expect(lost).toBe(3);
  expect(client.eventsOf(link.clientPeer)).toEqual(['connected']);
});

test('nobody there: the handshake times out', async () => {
  const [server, client] = pair({ dtlsTimeoutMs: 150 });
  const link = start(server, client, 9, 9);
  await connected(link);
  for (const end of [server, client]) {
    expect(end.events).toEqual([
      {
        peer: expect.any(Number),
        event: { type: 'failed', reason: 'timeout', detail: expect.any(String) } as PeerEvent,
      },
    ]);
  }
  expect(client.datapath.stats().txPackets).toBeGreaterThan(1);
});

test('closing a peer tells the other end, once', async () => {
  const link = await connect();
  open.push(link.server, link.client);
  link.server.datapath.closePeer(link.serverPeer);
  await until(() => link.client.events.length > 1);
  expect(link.client.eventsOf(link.clientPeer)).toEqual(['connected', 'closed']);
  link.server.datapath.closePeer(link.serverPeer);
  link.client.datapath.closePeer(link.clientPeer);
  expect(link.server.datapath.stats().peers).toBe(0);
  expect(link.client.datapath.stats().peers).toBe(0);
});

test('a certificate of one’s own is used', async () => {
  const server = keep(new End({ certificate: CERTIFICATE }));
  expect(server.datapath.fingerprint).toEqual({ algorithm: 'sha-256', value: CERTIFICATE_FINGERPRINT });
  const client = keep(new End());
  await connected(start(server, client));
  expect(client.events[0].event.type).toBe('connected');
});

test('a certificate and key that do not belong together are refused', () => {
  const certificate = { ...CERTIFICATE, privateKeyPem: 'not a key' };
  expect(() => keep(new End({ certificate }))).toThrow(expect.objectContaining({ code: 'ERR_CERTIFICATE' }));
});
