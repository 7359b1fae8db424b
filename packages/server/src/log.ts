import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { ServerConfig } from './config/schema.js';

/** Never to be seen in a log, whoever logs what. */
const SECRETS = [
  ...['sdp', 'token', 'resume', 'apiSecret', 'turnSecret', 'credential', 'authorization', 'password'],
  ...['clusterSecret', 'adminToken', 'redis'],
];

/** Lines of JSON, or readable ones on a terminal. */
export function createLogger(level: ServerConfig['logLevel']): Logger {
  const redact = SECRETS.flatMap((name) => [name, `*.${name}`]);
  const options = { level, redact, base: {} };
  if (!process.stdout.isTTY) return pino(options);
  return pino(options, pretty({ colorize: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss', sync: true }));
}
