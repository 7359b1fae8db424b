/** Entry of the worker process: options as JSON in the first argument, the control channel over IPC. */
import { serveControl } from './channel.js';
import type { WorkerOptions } from './control.js';
import { MediaWorker } from './media-worker.js';

const options = JSON.parse(process.argv[2] ?? '{}') as WorkerOptions;
// The parent decides when to end: a Ctrl-C at the terminal reaches the whole process group.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => finish());

let worker: MediaWorker | null = null;
const control = serveControl((request) => {
  if (!worker) throw Object.assign(new Error('the worker has not started'), { code: 'unavailable' });
  try {
    const reply = worker.handle(request);
    if (request.type === 'shutdown') setImmediate(finish);
    return reply;
  } catch (error) {
    // A refusal has a code; anything else is a fault of ours, which the parent's log should show as it is.
    if (typeof (error as { code?: unknown }).code !== 'string')
      process.stderr.write(`${request.type}: ${(error as Error).stack}\n`);
    throw error;
  }
});
control.onParentGone(() => finish());

function finish(): void {
  worker?.close();
  process.exit(0);
}

try {
  const started = new MediaWorker(options, (notice) => control.notify(notice));
  await started.start();
  worker = started;
  control.notify({
    type: 'ready',
    pid: process.pid,
    port: started.port,
    families: started.families,
    fingerprint: started.datapath.fingerprint,
  });
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}
