/** `efir bots`: runs a swarm with a live summary until its time is over or it is interrupted, then reports. */
import type { BotsOptions } from './options.js';
import { figures, figuresLine, report, reportText } from './report.js';
import type { RobotSnapshot } from './snapshot.js';
import { Swarm } from './swarm.js';

export interface Terminal {
  write(text: string): void;
  /** Lines can be overwritten. */
  interactive: boolean;
}

/** Resolves with the exit code: 0 when all joined, else 1. `interrupted` resolves when the user wants to stop. */
export async function runBots(options: BotsOptions, terminal: Terminal, interrupted: Promise<void>): Promise<number> {
  const swarm = await Swarm.create(options);
  const startMs = performance.now();
  let before: RobotSnapshot[] = [];
  let beforeMs = startMs;
  const live = setInterval(() => {
    const now = swarm.snapshots();
    const nowMs = performance.now();
    const line = figuresLine((nowMs - startMs) / 1000, figures(before, now, nowMs - beforeMs));
    if (!options.json) terminal.write(terminal.interactive ? `\r\x1b[2K${line}` : `${line}\n`);
    before = now;
    beforeMs = nowMs;
  }, 1000);

  let stop: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    if (options.durationMs !== null) stop = setTimeout(resolve, options.durationMs);
  });
  const nobodyJoined = swarm
    .join()
    .then(
      () => new Promise<void>((resolve) => swarm.snapshots().every(({ state }) => state === 'failed') && resolve()),
    );
  await Promise.race([over, interrupted, nobodyJoined]);
  clearInterval(live);
  clearTimeout(stop);

  const final = report(swarm.snapshots(), performance.now() - startMs);
  await swarm.leave();
  if (options.json) terminal.write(`${JSON.stringify(final)}\n`);
  else terminal.write(`${terminal.interactive ? '\n' : ''}${reportText(final)}\n`);
  return final.joined === final.robots && final.robots > 0 ? 0 : 1;
}
