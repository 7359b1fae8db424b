import { expect, test } from 'vitest';
import { StrainMeter } from './measure.js';

const inbound = (timestamp: number, framesDecoded: number, framesDropped: number, totalDecodeTime = 0) => ({
  type: 'inbound-rtp',
  kind: 'video',
  timestamp,
  framesDecoded,
  framesDropped,
  totalDecodeTime,
});

test('a machine that drops a part of the pictures is strained', () => {
  const meter = new StrainMeter();
  expect(meter.read([inbound(0, 0, 0)]).receiving).toBe(false);
  expect(meter.read([inbound(2_000, 60, 2)]).receiving).toBe(false);
  expect(meter.read([inbound(4_000, 100, 32)]).receiving).toBe(true);
});

test('decoding that takes most of the cores is a strain as well', () => {
  const meter = new StrainMeter(2);
  meter.read([inbound(0, 0, 0)]);
  expect(meter.read([inbound(2_000, 60, 0, 3.4)]).receiving).toBe(true);
});

test('nothing to compare with, or a connection that is gone, says nothing', () => {
  const meter = new StrainMeter();
  meter.read([inbound(0, 500, 100), inbound(0, 500, 100)]);
  expect(meter.read([inbound(2_000, 560, 150)]).receiving).toBe(false);
});

test('an encoder that is held back by the machine says so itself', () => {
  const meter = new StrainMeter();
  const outbound = { type: 'outbound-rtp', kind: 'video', qualityLimitationReason: 'cpu' };
  expect(meter.read([outbound]).sending).toBe(true);
  expect(meter.read([{ ...outbound, active: false }]).sending).toBe(false);
  expect(meter.read([{ ...outbound, qualityLimitationReason: 'bandwidth' }]).sending).toBe(false);
});
