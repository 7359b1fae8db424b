/** What `efir bots` is asked to do, from its command line. */
import { parseArgs } from 'node:util';
import { MAX_TILES } from '@efir/protocol';
import { LINK_PROFILES, type LinkProfile } from './link.js';

export interface BotsOptions {
  url: string;
  /** `url`, and other servers of the same cluster. */
  urls: string[];
  /** Subscribers watch by WHEP, publishers publish by WHIP. */
  whep: boolean;
  whip: boolean;
  room: string;
  /** Robots are spread over so many rooms, `room-1` and so on; 1: `room` itself. */
  rooms: number;
  publishers: number;
  subscribers: number;
  /** Cameras that a subscriber shows beside whoever speaks; null: it receives everybody. */
  page: number | null;
  /** The same of a publisher. */
  publisherPage: number | null;
  /** Ms between a subscriber's pages; null: it stays on one. */
  flipMs: number | null;
  /** The path between each subscriber and the server; null: as it is. */
  link: LinkProfile | null;
  /** Sizes of picture that publishers send, 1 (the smallest) to 3. */
  layers: number;
  /** Publishers that speak at a time; null: all of them. */
  talkers: number | null;
  turnMs: number;
  /** Ms; null: until interrupted. */
  durationMs: number | null;
  /** Joins a second; 0: all at once. */
  joinsPerSecond: number;
  /** Accept any TLS certificate. */
  insecure: boolean;
  json: boolean;
  token?: string;
}

/** A command line that can't be obeyed; `message` says which part and what it may be. */
export class BotsUsageError extends Error {
  override readonly name = 'BotsUsageError';
}

export const BOTS_USAGE = `efir bots --room <room> [options]

Joins a room with robots, through the same doors as people: publishers send pictures and speech, subscribers receive all
or, with --page, what a window would show.

  --room <name>          room to join (default: demo)
  --rooms <n>            spread the robots over rooms <name>-1, <name>-2 and so on (default: all in one)
  --url <url>            server (default: http://localhost:3000); several of one cluster with commas between
  --whep                 subscribers watch by WHEP, as viewers of a broadcast
  --whip                 publishers publish by WHIP
  --publishers <n>       robots that send audio and simulcast video (default: 1)
  --subscribers <n>      robots that only receive (default: 0)
  --page <n>             show whoever speaks and n others, hear the loudest three (default: receive everybody)
  --publisher-page <n>   the same for publishers; 0: they only hear (default: as --page)
  --flip-seconds <n>     subscribers turn their page so often (default: never)
  --link <profile>       the path of subscribers: 3mbps, lossy (5 %), 3g, cut (3 Mbps, from 20 s to 40 s 0.5 Mbps)
  --layers <n>           sizes of picture that publishers send as simulcast: 180p, 360p, 720p (default: 3)
  --talkers <n>          publishers of a room that speak at a time, in turns (default: all)
  --turn-seconds <n>     how long a turn is (default: 5)
  --duration <time>      leave after this time: 60s, 5m, 1h (default: stay until Ctrl-C)
  --rate <n>             joins per second, 0 for all at once (default: 20)
  --token <token>        join token, where the server wants one
  --insecure             accept any TLS certificate
  --json                 print the final report as one line of JSON, and no live summary
`;

const MAX_ROBOTS = 4000;
/** Together with the tile of whoever speaks, what a view may have. */
const MAX_PAGE = MAX_TILES - 1;

/** Throws `BotsUsageError`. */
export function parseBotsOptions(args: string[]): BotsOptions | 'help' {
  const { values } = parsed(args);
  if (values.help) return 'help';
  const urls = (values.url ?? 'http://localhost:3000').split(',').map((url) => url.replace(/\/+$/, ''));
  for (const url of urls) {
    if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) continue;
    throw new BotsUsageError(`--url must be an http:// or https:// address, not ${url}`);
  }
  const room = values.room ?? 'demo';
  if (!/^[A-Za-z0-9_-]{1,60}$/.test(room)) {
    throw new BotsUsageError('--room must be 1 to 60 letters, digits, - or _');
  }
  const options: BotsOptions = {
    url: urls[0],
    urls,
    whep: values.whep ?? false,
    whip: values.whip ?? false,
    room,
    rooms: between('rooms', values.rooms, 1, 1, 1000),
    publishers: count('publishers', values.publishers, 1),
    subscribers: count('subscribers', values.subscribers, 0),
    page: page('page', values.page, null),
    publisherPage: page('publisher-page', values['publisher-page'], page('page', values.page, null)),
    flipMs: seconds('flip-seconds', values['flip-seconds'], null),
    link: link(values.link),
    layers: between('layers', values.layers, 3, 1, 3),
    talkers: values.talkers === undefined ? null : count('talkers', values.talkers, 0),
    turnMs: seconds('turn-seconds', values['turn-seconds'], 5000)!,
    durationMs: values.duration === undefined ? null : durationMs(values.duration),
    joinsPerSecond: count('rate', values.rate, 20),
    insecure: values.insecure ?? false,
    json: values.json ?? false,
    token: values.token,
  };
  if (options.flipMs !== null && !options.page) throw new BotsUsageError('--flip-seconds needs a --page to turn');
  const robots = options.publishers + options.subscribers;
  if (robots === 0) throw new BotsUsageError('there is nobody to join: give --publishers or --subscribers');
  if (robots > MAX_ROBOTS) throw new BotsUsageError(`one process runs at most ${MAX_ROBOTS} robots, not ${robots}`);
  return options;
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        room: { type: 'string' },
        rooms: { type: 'string' },
        url: { type: 'string' },
        publishers: { type: 'string' },
        subscribers: { type: 'string' },
        page: { type: 'string' },
        'publisher-page': { type: 'string' },
        'flip-seconds': { type: 'string' },
        link: { type: 'string' },
        layers: { type: 'string' },
        talkers: { type: 'string' },
        'turn-seconds': { type: 'string' },
        duration: { type: 'string' },
        rate: { type: 'string' },
        token: { type: 'string' },
        insecure: { type: 'boolean' },
        whep: { type: 'boolean' },
        whip: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new BotsUsageError((error as Error).message);
  }
}

function count(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^\d{1,5}$/.test(text)) throw new BotsUsageError(`--${name} must be a whole number, not ${text}`);
  return Number(text);
}

function page(name: string, text: string | undefined, fallback: number | null): number | null {
  if (text === undefined) return fallback;
  const size = count(name, text, 0);
  if (size > MAX_PAGE) throw new BotsUsageError(`--${name} must be at most ${MAX_PAGE}, not ${text}`);
  return size;
}

function between(name: string, text: string | undefined, fallback: number, least: number, most: number): number {
  const value = count(name, text, fallback);
  if (value < least || value > most) {
    throw new BotsUsageError(`--${name} must be ${least} to ${most}, not ${text}`);
  }
  return value;
}

/** In ms. */
function seconds(name: string, text: string | undefined, fallback: number | null): number | null {
  if (text === undefined) return fallback;
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(text) || Number(text) < 0.2) {
    throw new BotsUsageError(`--${name} must be a number of seconds from 0.2, not ${text}`);
  }
  return Number(text) * 1000;
}

function link(text: string | undefined): LinkProfile | null {
  if (text === undefined) return null;
  const profile = LINK_PROFILES.find((known) => known === text);
  if (!profile) throw new BotsUsageError(`--link must be one of ${LINK_PROFILES.join(', ')}, not ${text}`);
  return profile;
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `90s`, `2m`, `1h`, `500ms`; a bare number is seconds. */
function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  if (!match || Number(match[1]) === 0)
    throw new BotsUsageError(`--duration must be a time such as 60s or 5m, not ${text}`);
  return Number(match[1]) * UNIT_MS[match[2] ?? 's'];
}
