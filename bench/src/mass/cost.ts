/**
 * What a participant costs in a small room and in a large one. Everybody publishes three layers, hears three voices and shows
 * a page, so that each has the same to do; when all have joined and layers that nobody takes have ended, CPU time is taken
 * over some seconds (the scheduler's own figure, all threads) and divided by participants. Memory is what the process has
 * grown by since it was empty.
 */
import { cpuNs } from '../measure/process-cost.js';
import type { MassOptions } from '../options.js';
import { atMost, type Promised } from './promises.js';
import { MassServer } from './server.js';

const SMALL = 12;
const MOST_RATIO = 1.2;
/** For layers that nobody takes to end, and estimates to grow. */
const SETTLE_MS = 8_000;

interface ParticipantCost {
  participants: number;
  workerCpuMsPerSecond: number;
  serverCpuMsPerSecond: number;
  clientCpuMsPerSecond: number;
  workerKb: number;
  serverKb: number;
  streams: number;
  messagesPerSecond: number;
  receiveBps: number;
}

export async function cost(options: MassOptions, log: (line: string) => void) {
  const small = await measure(SMALL, options, log);
  const large = await measure(options.publishers, options, log);
  const ratio = (key: keyof ParticipantCost): number => Number((large[key] / small[key]).toFixed(2));
  const promises: Promised[] = [
    atMost('worker CPU of a participant, large to small room', ratio('workerCpuMsPerSecond'), MOST_RATIO),
    atMost('server CPU of a participant, large to small room', ratio('serverCpuMsPerSecond'), MOST_RATIO),
    atMost('client CPU of a participant, large to small room', ratio('clientCpuMsPerSecond'), MOST_RATIO),
    atMost('streams of a participant, large to small room', ratio('streams'), MOST_RATIO),
    atMost('worker memory of a participant, large to small room', ratio('workerKb'), MOST_RATIO),
    atMost('server memory of a participant, large to small room', ratio('serverKb'), MOST_RATIO),
  ];
  return { promises, small, large };
}

async function measure(
  participants: number,
  { page, seconds }: MassOptions,
  log: (line: string) => void,
): Promise<ParticipantCost> {
  const server = await MassServer.start();
  try {
    await sleep(1000);
    const empty = server.cost();
    const joinMs = (participants / 20) * 1000;
    const settleMs = joinMs + SETTLE_MS;
    const windowMs = Math.min(seconds, 15) * 1000;
    const robots = server.robots('cost', [
      ...['--publishers', `${participants}`, '--publisher-page', `${page}`, '--talkers', '1', '--turn-seconds', '5'],
      ...['--duration', `${(settleMs + windowMs + 3000) / 1000}s`],
    ]);
    await sleep(settleMs);
    log(`a room of ${participants}, each with a page of ${page}`);
    const begin = { ...server.cost(), clientNs: cpuNs(robots.pid), atMs: performance.now() };
    await sleep(windowMs);
    const end = { ...server.cost(), clientNs: cpuNs(robots.pid), atMs: performance.now() };
    const streams = await server.metric('efir_worker_virtual_streams');
    const report = await robots.report;
    const spent = (key: 'workerNs' | 'serverNs' | 'clientNs'): number =>
      rounded((end[key] - begin[key]) / 1e6 / ((end.atMs - begin.atMs) / 1000) / participants);
    return {
      participants: report.joined,
      workerCpuMsPerSecond: spent('workerNs'),
      serverCpuMsPerSecond: spent('serverNs'),
      clientCpuMsPerSecond: spent('clientNs'),
      workerKb: rounded((end.workerBytes - empty.workerBytes) / 1024 / participants),
      serverKb: rounded((end.serverBytes - empty.serverBytes) / 1024 / participants),
      streams: rounded(streams / participants),
      messagesPerSecond: report.messagesPerRobotSecond,
      receiveBps: Math.round(report.receiveBps / participants),
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
