import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Stage } from './stage.js';

const FFMPEG = fileURLToPath(new URL('../../dist/harness/ffmpeg-whip.js', import.meta.url));

export interface FfmpegPublisher {
  process: ChildProcess;
  /** What it wrote so far. */
  written(): string;
  /** Ends without a farewell. */
  kill(): void;
}

/** Publishes from FFmpeg to a WHIP address, until the test is over. */
export function publishFromFfmpeg(stage: Stage, url: string): FfmpegPublisher {
  let written = '';
  const child = spawn(process.execPath, [FFMPEG, url], { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (written += chunk));
  const kill = () => void child.kill('SIGKILL');
  stage.later(kill);
  return {
    process: child,
    written: () => `${written}${child.exitCode === null ? '' : ` (ended with ${child.exitCode})`}`,
    kill,
  };
}
