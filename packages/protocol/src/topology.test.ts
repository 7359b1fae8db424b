import { expect, test } from 'vitest';
import { ClassicJoin, ClassicRelayIce, ClassicRelaySdp, PublishRequest, RelayRequest, SayRequest } from './index.js';

const candidate = { candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 };
const description = { type: 'offer', sdp: 'v=0' };

test('a relay is a description or a candidate, and not both', () => {
  expect(RelayRequest.safeParse({ to: 'bob', description }).success).toBe(true);
  expect(RelayRequest.safeParse({ to: 'bob', candidate }).success).toBe(true);
  expect(RelayRequest.safeParse({ to: 'bob', candidate: null }).success).toBe(true);
  expect(RelayRequest.safeParse({ to: 'bob' }).success).toBe(false);
  expect(RelayRequest.safeParse({ to: 'bob', description, candidate }).success).toBe(false);
  expect(RelayRequest.safeParse({ description }).success).toBe(false);
});

test('what a relay carries is bounded', () => {
  expect(RelayRequest.safeParse({ to: 'bob', description: { type: 'offer', sdp: 'v'.repeat(65_537) } }).success).toBe(
    false,
  );
  const long = { ...candidate, candidate: 'c'.repeat(1025) };
  expect(RelayRequest.safeParse({ to: 'bob', candidate: long }).success).toBe(false);
  expect(RelayRequest.safeParse({ to: 'bob', description: { type: 'dance', sdp: '' } }).success).toBe(false);
});

test('the list of tracks goes with a description only', () => {
  const tracks = [{ mid: '0', source: 'camera' }];
  expect(RelayRequest.safeParse({ to: 'bob', description, tracks }).success).toBe(true);
  expect(RelayRequest.safeParse({ to: 'bob', candidate, tracks }).success).toBe(false);
});

test('a rollback needs no SDP', () => {
  expect(RelayRequest.parse({ to: 'bob', description: { type: 'rollback' } }).description).toEqual({
    type: 'rollback',
    sdp: '',
  });
});

test('what is published is named by its source', () => {
  expect(PublishRequest.parse({ tracks: [{ source: 'camera' }] })).toEqual({
    tracks: [{ source: 'camera', muted: false }],
  });
  expect(PublishRequest.safeParse({ tracks: [{ source: 'webcam' }] }).success).toBe(false);
});

test('a message over Socket.IO is at most 16 KB, to one or to all', () => {
  expect(SayRequest.safeParse({ to: null, channel: 'reliable', data: 'x'.repeat(16_384) }).success).toBe(true);
  expect(SayRequest.safeParse({ to: 'bob', channel: 'lossy', data: 'x'.repeat(16_385) }).success).toBe(false);
  expect(SayRequest.safeParse({ to: 'bob', channel: 'file', data: '' }).success).toBe(false);
});

test('classic rooms are UUIDs of version 4', () => {
  expect(ClassicJoin.safeParse({ room: '3b241101-e2bb-4255-8caf-4136c566a962' }).success).toBe(true);
  for (const room of [
    'demo',
    '3b241101-e2bb-1255-8caf-4136c566a962',
    '',
    5,
    '3b241101-e2bb-4255-8caf-4136c566a962\n',
  ]) {
    expect(ClassicJoin.safeParse({ room }).success).toBe(false);
  }
});

test('of what a classic client relays, the fields of the protocol are kept', () => {
  const sessionDescription = { ...description, toJSON: 'x' };
  expect(ClassicRelaySdp.parse({ peerID: 'abc', sessionDescription })).toEqual({
    peerID: 'abc',
    sessionDescription: description,
  });
  expect(ClassicRelayIce.parse({ peerID: 'abc', iceCandidate: { ...candidate, address: 'x' } })).toEqual({
    peerID: 'abc',
    iceCandidate: candidate,
  });
});
