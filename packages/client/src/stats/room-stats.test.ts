import { expect, test } from 'vitest';
import { StatsReader } from './room-stats.js';

const owner = (direction: 'in' | 'out', mid?: string) =>
  direction === 'in' && mid === '4' ? ({ participant: 'ann', source: 'camera' } as const) : null;

const inbound = (timestamp: number, bytesReceived: number, packetsReceived: number, packetsLost: number) => ({
  id: 'in4',
  type: 'inbound-rtp',
  kind: 'video',
  mid: '4',
  timestamp,
  bytesReceived,
  packetsReceived,
  packetsLost,
  codecId: 'c',
  frameWidth: 640,
  frameHeight: 360,
  framesPerSecond: 25,
  jitter: 0.004,
});
const codec = { id: 'c', type: 'codec', mimeType: 'video/VP8' };

test('rates and loss are those since the last call', () => {
  const reader = new StatsReader();
  expect(reader.read([inbound(1_000, 0, 0, 0), codec], owner).tracks[0]).toMatchObject({
    bitrateBps: null,
    lossRatio: null,
  });
  const [track] = reader.read([inbound(3_000, 250_000, 90, 10), codec], owner).tracks;
  expect(track).toMatchObject({
    participant: 'ann',
    source: 'camera',
    direction: 'in',
    codec: 'vp8',
    bitrateBps: 1_000_000,
    lossRatio: 0.1,
    jitterMs: 4,
    width: 640,
    framesPerSecond: 25,
  });
});

test('sections that carry nobody are left out', () => {
  expect(new StatsReader().read([{ ...inbound(0, 0, 0, 0), mid: '9' }], owner).tracks).toEqual([]);
});

test('the path is found whether the transport names it or the pair is marked', () => {
  const pair = { id: 'p', type: 'candidate-pair', timestamp: 1, currentRoundTripTime: 0.02, localCandidateId: 'l' };
  const local = { id: 'l', type: 'local-candidate', protocol: 'tcp' };
  const named = [pair, local, { id: 't', type: 'transport', selectedCandidatePairId: 'p' }];
  expect(new StatsReader().read(named, owner).transport).toMatchObject({ rttMs: 20, protocol: 'tcp' });
  expect(new StatsReader().read([{ ...pair, selected: true }, local], owner).transport?.protocol).toBe('tcp');
});
