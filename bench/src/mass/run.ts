/**
 * The mass bench: rooms of robots on a real server, and whether what is promised of large rooms holds.
 *
 * pages: publishers with three layers of picture, of whom two speak at a time, and viewers who turn pages.
 * storm: half of a room joins within a second; everybody publishes and shows a page.
 * cost:  everybody publishes and shows a page, in rooms of twelve and in a large one; CPU time, memory, streams and
 *        signalling of both, divided by participants.
 */
import type { SwarmReport } from '@efir/cli';
import { describeMachine } from '../measure/machine.js';
import { atMost, type Promised } from '../measure/promises.js';
import type { MassOptions, MassPart } from '../options.js';
import { cost } from './cost.js';
import { MassServer } from './server.js';

type Log = (line: string) => void;

export interface MassResult {
  promises: Promised[];
  [more: string]: unknown;
}

const PARTS: Record<MassPart, (options: MassOptions, log: Log) => Promise<MassResult>> = { pages, storm, cost };

export async function mass(options: MassOptions, log: Log): Promise<MassResult> {
  const promises: Promised[] = [];
  const figures: Record<string, unknown> = {};
  for (const part of options.parts) {
    log(`${part}:`);
    const { promises: more, ...rest } = await PARTS[part](options, log);
    promises.push(...more);
    figures[part] = rest;
  }
  return { promises, ...figures, machine: describeMachine() };
}

async function pages({ publishers, viewers, page, seconds }: MassOptions, log: Log): Promise<MassResult> {
  const server = await MassServer.start();
  try {
    const joinS = publishers / 20;
    const crowd = server.robots('pages', [
      ...['--publishers', `${publishers}`, '--publisher-page', '0', '--talkers', '1', '--turn-seconds', '4'],
      ...['--duration', `${joinS + 6 + seconds + 8}s`],
    ]);
    // The layers of nobody's interest end.
    await sleep((joinS + 6) * 1000);
    log(`${publishers} publish; ${viewers} with pages of ${page} come, and turn them each 3 s for ${seconds} s`);
    const watching = server.robots('pages', [
      ...['--publishers', '0', '--subscribers', `${viewers}`, '--rate', '0', '--page', `${page}`],
      ...['--flip-seconds', '3', '--duration', `${seconds}s`],
    ]);
    const before = server.cost();
    const seen = await watching.report;
    const after = server.cost();
    const crowded = await crowd.report;
    return {
      promises: [
        atMost('pictures that a viewer receives at once', seen.mostPictures, page + 1),
        atMost('voices that a viewer receives at once', seen.mostVoices, 3),
        atMost('new page, median, ms', seen.newPage?.p50, 500),
        atMost('new faces that did not come', seen.missedFaces, 0),
        atMost('SDP exchanges after the first', seen.sdpExchanges + crowded.sdpExchanges, 0),
        atMost('who speaks is seen at the best, 95 %, ms', seen.stage?.p95, 1000),
        atMost('publishers that send a layer after the viewers left', publishers - crowded.layersOn[0], 0),
        atMost('key frames asked of one publisher within a second', crowded.mostKeyFrameRequests, 2),
      ],
      workerCpu: share(after.workerNs - before.workerNs, seen.seconds),
      serverCpu: share(after.serverNs - before.serverNs, seen.seconds),
      viewers: brief(seen),
      publishers: brief(crowded),
    };
  } finally {
    await server.stop();
  }
}

async function storm({ publishers, page }: MassOptions, log: Log): Promise<MassResult> {
  const server = await MassServer.start();
  const half = Math.max(1, Math.floor(publishers / 2));
  try {
    const common = ['--publisher-page', `${page}`, '--talkers', '2'];
    const settleS = half / 20 + 6;
    const first = server.robots('storm', [...['--publishers', `${half}`, ...common, '--duration', `${settleS + 12}s`]]);
    await sleep(settleS * 1000);
    log(`${half} are in the room; ${half} more come within a second`);
    const second = server.robots('storm', [
      ...['--publishers', `${half}`, ...common, '--rate', `${half}`, '--duration', '8s'],
    ]);
    const came = await second.report;
    const there = await first.report;
    const asked = Math.max(came.mostKeyFrameRequests, there.mostKeyFrameRequests);
    return {
      promises: [
        atMost('those who could not join', half - came.joined, 0),
        atMost('key frames asked of one publisher within a second', asked, 2),
        atMost('first sound, 95 %, ms', came.firstAudio?.count === half ? came.firstAudio.p95 : undefined, 1500),
        atMost('full page, last, ms', came.fullPage?.count === half ? came.fullPage.max : undefined, 4000),
        atMost('SDP exchanges after the first', came.sdpExchanges + there.sdpExchanges, 0),
      ],
      joined: brief(came),
      there: brief(there),
    };
  } finally {
    await server.stop();
  }
}

/** Without what is nothing. */
function brief(report: SwarmReport): Partial<SwarmReport> {
  const told = Object.entries(report).filter(([, value]) => value !== null && value !== 0);
  return Object.fromEntries(told) as Partial<SwarmReport>;
}

/** Of one core. */
function share(ns: number, seconds: number): number {
  return Number((ns / 1e9 / seconds).toFixed(3));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
