export * from './client/index.js';
export { sourceTag } from './source-tag.js';
export { WorkerError, type WorkerErrorCode } from './worker/channel.js';
export * from './worker/control.js';
export { MEDIA_BUFFER_BYTES } from './worker/media-port.js';
export { WorkerPool, type WorkerPoolOptions } from './worker/pool.js';
export { type SpawnOptions, type WorkerExit, WorkerProcess } from './worker/process.js';
export { Silence } from './worker/silence.js';
