import { expect, test } from 'vitest';
import { EnterReply, EnterRequest, MAX_SDP_LENGTH, MuteRequest, OfferReply, OfferRequest } from './index.js';

test('entering needs a room and a name', () => {
  expect(EnterRequest.safeParse({ room: 'demo', name: 'Ann' }).success).toBe(true);
  expect(EnterRequest.safeParse({ room: 'demo' }).success).toBe(false);
  expect(EnterRequest.safeParse({ room: 'no such/room', name: 'Ann' }).success).toBe(false);
  expect(EnterRequest.safeParse({ room: 'demo', name: 'Ann', admin: true }).success).toBe(false);
});

test('an offer without a list of tracks takes them by kind, on the PeerConnection there is', () => {
  expect(OfferRequest.parse({ sdp: 'v=0' })).toEqual({ sdp: 'v=0', tracks: [], fresh: false });
});

test('an offer is bounded in SDP and tracks', () => {
  expect(OfferRequest.safeParse({ sdp: 'v'.repeat(MAX_SDP_LENGTH) }).success).toBe(true);
  expect(OfferRequest.safeParse({ sdp: 'v'.repeat(MAX_SDP_LENGTH + 1) }).success).toBe(false);
  const tracks = Array.from({ length: 17 }, (_, mid) => ({ mid: String(mid), source: 'camera' as const }));
  expect(OfferRequest.safeParse({ sdp: 'v=0', tracks }).success).toBe(false);
});

test('muting names a source that exists', () => {
  expect(MuteRequest.safeParse({ source: 'camera', muted: true }).success).toBe(true);
  expect(MuteRequest.safeParse({ source: 'webcam', muted: true }).success).toBe(false);
  expect(MuteRequest.safeParse({ source: 'camera', muted: 1 }).success).toBe(false);
});

test('a reply is either its content or an error, told apart by ok', () => {
  expect(OfferReply.parse({ ok: true, sdp: 'v=0' })).toEqual({ ok: true, sdp: 'v=0' });
  const error = { code: 'bad-sdp', message: 'no BUNDLE' } as const;
  expect(OfferReply.parse({ ok: false, error })).toEqual({ ok: false, error });
  expect(EnterReply.safeParse({ ok: true }).success).toBe(false);
});
