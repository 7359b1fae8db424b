/**
 * What a participant costs in a small room and in a large one, with as many of them on the machine both times: many rooms of
 * twelve, then one of all. Everybody publishes three layers, hears one who speaks and shows a page. When all have joined and
 * layers that nobody takes have ended, CPU time is taken over some seconds (the scheduler's own figure, all threads). Memory
 * is what the process has grown by since it was empty.
 */
import { cpuNs } from '../measure/process-cost.js';
import { atMost, type Promised } from '../measure/promises.js';
import type { MassOptions } from '../options.js';
import { MassServer } from './server.js';

const SMALL = 12;
const MOST_RATIO = 1.2;
/** For layers that nobody takes to end, and estimates to grow. */
const SETTLE_MS = 10_000;
const JOINS_PER_SECOND = 20;

interface ParticipantCost {
  workerCpuMsPerSecond: number;
  serverCpuMsPerSecond: number;
  clientCpuMsPerSecond: number;
  workerKb: number;
  serverKb: number;
  streams: number;
  sentKbps: number;
  /** Over the whole time, with all who come. */
  messagesPerSecond: number;
}

export async function cost(options: MassOptions, log: (line: string) => void) {
  const rooms = Math.max(1, Math.round(options.publishers / SMALL));
  const small = await measure(rooms, rooms * SMALL, options, log);
  const large = await measure(1, rooms * SMALL, options, log);
  const promised = (what: string, key: keyof ParticipantCost): Promised =>
    atMost(`${what} of a participant, large to small room`, rounded(large[key] / small[key]), MOST_RATIO);
  const promises = [
    promised('worker CPU', 'workerCpuMsPerSecond'),
    promised('server CPU', 'serverCpuMsPerSecond'),
    promised('client CPU', 'clientCpuMsPerSecond'),
    promised('worker memory', 'workerKb'),
    promised('server memory', 'serverKb'),
    promised('streams', 'streams'),
    promised('bits sent', 'sentKbps'),
  ];
  return { promises, participants: rooms * SMALL, small, large };
}

/** Of one participant of so many in so many rooms. */
async function measure(
  rooms: number,
  participants: number,
  { page, seconds }: MassOptions,
  log: (line: string) => void,
): Promise<ParticipantCost> {
  const server = await MassServer.start();
  try {
    await sleep(1000);
    const empty = server.cost();
    const settleMs = (participants / JOINS_PER_SECOND) * 1000 + SETTLE_MS;
    const windowMs = Math.min(seconds, 15) * 1000;
    const robots = server.robots('cost', [
      ...['--publishers', `${participants}`, '--rooms', `${rooms}`, '--publisher-page', `${page}`],
      ...['--rate', `${JOINS_PER_SECOND}`, '--talkers', '1', '--turn-seconds', '5'],
      ...['--duration', `${(settleMs + windowMs + 3000) / 1000}s`],
    ]);
    await sleep(settleMs);
    log(`${rooms} of ${participants / rooms}, each with a page of ${page}`);
    const mark = async () => ({
      ...server.cost(),
      clientNs: cpuNs(robots.pid),
      sentBytes: await server.metric('efir_worker_tx_bytes_total'),
      atMs: performance.now(),
    });
    const begin = await mark();
    await sleep(windowMs);
    const end = await mark();
    const streams = await server.metric('efir_worker_virtual_streams');
    const report = await robots.report;
    const each = (key: keyof typeof end): number =>
      (end[key] - begin[key]) / ((end.atMs - begin.atMs) / 1000) / participants;
    return {
      workerCpuMsPerSecond: rounded(each('workerNs') / 1e6),
      serverCpuMsPerSecond: rounded(each('serverNs') / 1e6),
      clientCpuMsPerSecond: rounded(each('clientNs') / 1e6),
      workerKb: rounded((end.workerBytes - empty.workerBytes) / 1024 / participants),
      serverKb: rounded((end.serverBytes - empty.serverBytes) / 1024 / participants),
      streams: rounded(streams / participants),
      sentKbps: rounded((each('sentBytes') * 8) / 1000),
      messagesPerSecond: report.messagesPerRobotSecond,
    };
  } finally {
    await server.stop();
  }
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
