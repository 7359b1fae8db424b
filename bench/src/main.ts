/** `npm run bench -- <bench> [options]`. Progress goes to stderr, results to stdout. */
import { BenchError } from './errors.js';
import type { Promised } from './measure/promises.js';
import { parseBroadcast, parseCascade, parseCongestion, parseFanOut, parseJoins, parseMass, USAGE } from './options.js';

const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function main([bench, ...args]: string[]): Promise<number> {
  if (bench === 'fan-out') {
    const options = parseFanOut(args);
    const { fanOut, viewerCost } = await import('./fan-out/run.js');
    show(await (options.viewer ? viewerCost : fanOut)(options, log), options.json);
    return 0;
  }
  if (bench === 'joins') {
    const options = parseJoins(args);
    const { joins } = await import('./joins/run.js');
    show(await joins(options, log), options.json);
    return 0;
  }
  if (bench === 'congestion') {
    const options = parseCongestion(args);
    if (options.cost) {
      const { measureCost } = await import('./congestion/cost.js');
      show({ ...measureCost() }, options.json);
      return 0;
    }
    const { congestion } = await import('./congestion/run.js');
    for (const path of congestion(log)) process.stdout.write(`${path}\n`);
    return 0;
  }
  if (bench === 'cascade') {
    parseCascade(args);
    const { cascade } = await import('./cascade/run.js');
    for (const path of cascade(log)) process.stdout.write(`${path}\n`);
    return 0;
  }
  if (bench === 'broadcast') {
    const options = parseBroadcast(args);
    const { broadcast } = await import('./broadcast/run.js');
    return showWithPromises(await broadcast(options, log), options.json);
  }
  if (bench === 'mass') {
    const options = parseMass(args);
    const { mass } = await import('./mass/run.js');
    return showWithPromises(await mass(options, log), options.json);
  }
  process.stdout.write(USAGE);
  return bench === undefined || bench === 'help' || bench === '--help' ? 0 : 2;
}

/** The exit code: whether all was kept. */
function showWithPromises(result: { promises: Promised[] }, json: boolean): number {
  const { promises, ...figures } = result;
  if (json) show(result, true);
  else {
    show(figures, false);
    for (const { what, value, most, kept } of promises) {
      process.stdout.write(`${kept ? 'kept  ' : 'BROKEN'} ${what}: ${value ?? 'never'}, at most ${most}\n`);
    }
  }
  return promises.every(({ kept }) => kept) ? 0 : 1;
}

function show(result: Record<string, unknown>, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  for (const [name, value] of Object.entries(result)) {
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    process.stdout.write(`${name.padEnd(24)} ${text}\n`);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { stack, cause } = error as Error;
  log(error instanceof BenchError ? error.message : `${stack ?? String(error)}${cause ? `\n${String(cause)}` : ''}`);
  process.exitCode = 1;
}
