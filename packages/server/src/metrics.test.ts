import { expect, test } from 'vitest';
import { metricName } from './metrics.js';

test("a worker's counters become metric names", () => {
  expect(metricName('srtpAuthFailures')).toBe('efir_worker_srtp_auth_failures_total');
  expect(metricName('stun-errors')).toBe('efir_worker_stun_errors_total');
  expect(metricName('rx_packets_total')).toBe('efir_worker_rx_packets_total');
});
