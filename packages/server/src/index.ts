export { bearerToken, type Grant, Tokens } from './auth/tokens.js';
export { type TurnCredentials, turnCredentials } from './auth/turn.js';
export { type ConfigSources, type Flags, loadConfig } from './config/load.js';
export { environmentName, flagName, OPTIONS, type Option } from './config/options.js';
export { RateLimits, ServerConfig, type ServerConfigInput } from './config/schema.js';
export { ServerError, StartError } from './errors.js';
export type { MediaWorker, MediaWorkers, MediaWorkersEvents } from './media/workers.js';
export { type Parts, type RunningServer, startServer } from './server.js';
