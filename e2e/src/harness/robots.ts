/** `efir bots` in a process of its own. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Stage } from './stage.js';

const EFIR = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url));

/** In ms. */
interface Times {
  count: number;
  p50: number;
  p95: number;
  max: number;
}

/** What the tests look at. */
export interface RobotsReport {
  joined: number;
  receivedMedia: number;
  firstMediaMaxMs: number;
  restarts: number;
  sdpExchanges: number;
  firstAudio: Times | null;
  fullPage: Times | null;
  newPage: Times | null;
  stage: Times | null;
  missedFaces: number;
  mostPictures: number;
  mostVoices: number;
  mostKeyFrameRequests: number;
  layersOn: number[];
}

export interface RobotsEnd {
  code: number | null;
  report: RobotsReport;
}

/** Resolves when they have left, with their report. `at`: of another server than the stage's. */
export async function robots(
  stage: Stage,
  room: string,
  options: readonly string[],
  at?: { url: string },
): Promise<RobotsEnd> {
  const { url } = at ?? (await stage.server());
  const child = spawn(process.execPath, [EFIR, 'bots', '--url', url, '--room', room, '--json', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stage.later(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { code, report: JSON.parse(text.trim().split('\n').at(-1) || '{}') as RobotsReport };
}
