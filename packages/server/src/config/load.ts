/**
 * Flags over environment over file over defaults -> `ServerConfig`. What is wrong is told with the name that it was
 * given under, and the remedy.
 */
import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { StartError } from '../errors.js';
import { environmentName, flagName, kebab, OPTIONS, type Option } from './options.js';
import { ServerConfig } from './schema.js';

/** As `util.parseArgs` gives them: by flag name without dashes; lists for flags that may be repeated. */
export type Flags = Record<string, string | boolean | string[] | undefined>;

export interface ConfigSources {
  flags?: Flags;
  environment?: Record<string, string | undefined>;
  /** Reads the YAML file; throws if it can't. */
  readFile?: (path: string) => string;
}

/** What the value was given as: `--port`, `EFIR_PORT`, `port in efir.yaml`. */
type Origins = Map<string, string>;

/** Throws `StartError` `bad-config`. */
export function loadConfig(sources: ConfigSources = {}): ServerConfig {
  const flags = sources.flags ?? {};
  const environment = sources.environment ?? {};
  const origins: Origins = new Map();
  const input: Record<string, unknown> = {};

  const path = flags.config ?? environment.EFIR_CONFIG;
  if (path !== undefined && path !== '') Object.assign(input, readYaml(String(path), sources.readFile, origins));

  for (const option of OPTIONS) {
    const variable = environmentName(option.key);
    const flag = flagName(option.key);
    const text = environment[variable];
    if (text !== undefined && text !== '') set(input, option, convert(option, text), variable, origins);
    const given = flags[flag];
    if (given !== undefined) set(input, option, convert(option, given), `--${flag}`, origins);
  }
  return check(input, origins);
}

function check(input: Record<string, unknown>, origins: Origins): ServerConfig {
  const result = ServerConfig.safeParse(input);
  if (result.success) return result.data;
  throw new StartError(
    'bad-config',
    result.error.issues
      .slice(0, 5)
      .map((issue) => sentence(issue, origins))
      .join('\n'),
  );
}

function sentence(issue: z.core.$ZodIssue, origins: Origins): string {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const where = path.length > 0 ? ` under ${path.join('.')}` : '';
    return `There is no option ${issue.keys.join(', ')}${where}: see efir start --help.`;
  }
  const dotted = path.join('.');
  const option = OPTIONS.find(({ key }) => key === dotted) ?? OPTIONS.find(({ key }) => key === path[0]);
  const name = origins.get(dotted) ?? origins.get(path[0] ?? '') ?? (option ? `--${flagName(option.key)}` : dotted);
  return `${name} ${issue.message}${option ? `, for example ${option.example}` : ''}.`;
}

function set(input: Record<string, unknown>, option: Option, value: unknown, origin: string, origins: Origins): void {
  origins.set(option.key, origin);
  if (option.key === 'rateLimits.enabled') {
    const limits = input.rateLimits;
    input.rateLimits = { ...(typeof limits === 'object' ? limits : {}), enabled: value };
  } else {
    input[option.key] = value;
  }
}

/** What can't be converted goes on as it is: the schema says what is wrong with it. */
function convert(option: Option, given: string | boolean | string[]): unknown {
  if (option.type === 'list') {
    const items = Array.isArray(given) ? given : [String(given)];
    return items.flatMap((item) => item.split(',')).map((item) => item.trim());
  }
  const value = Array.isArray(given) ? given[given.length - 1] : given;
  if (option.key === 'trustProxy') return toNumber(value) ?? toBoolean(value) ?? value;
  if (option.type === 'number') return toNumber(value) ?? value;
  if (option.type === 'boolean') return toBoolean(value) ?? value;
  return value;
}

function toNumber(value: unknown): number | undefined {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : undefined;
}

function toBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  if (/^(1|true|yes|on)$/i.test(value)) return true;
  if (/^(0|false|no|off)$/i.test(value)) return false;
  return undefined;
}

const utf8 = (path: string): string => readFileSync(path, 'utf8');

function readYaml(path: string, readFile = utf8, origins: Origins): Record<string, unknown> {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : 'cannot be read';
    throw new StartError('bad-config', `The configuration file ${path} ${why}: check --config.`);
  }
  let document: unknown;
  try {
    document = parseYaml(text, { maxAliasCount: 50 });
  } catch (error) {
    const line = (error as Error).message.split('\n')[0];
    throw new StartError('bad-config', `The configuration file ${path} is not YAML: ${line}`);
  }
  if (document === null || document === undefined) return {};
  if (typeof document !== 'object' || Array.isArray(document)) {
    throw new StartError(
      'bad-config',
      `The configuration file ${path} is a list of "option: value" lines, such as "port: 3000".`,
    );
  }
  const input: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(document)) {
    const key = keyOf(name);
    origins.set(key, `${name} in ${path}`);
    const list = OPTIONS.some((option) => option.key === key && option.type === 'list');
    input[key] = list && typeof value === 'string' ? [value] : value;
  }
  return input;
}

/** Keys of the file: as in the schema, or as the flag is called. */
function keyOf(name: string): string {
  const option = OPTIONS.find(({ key }) => key === name || flagName(key) === name || kebab(key) === name);
  if (!option) return name;
  return option.key === 'rateLimits.enabled' ? name : option.key;
}
