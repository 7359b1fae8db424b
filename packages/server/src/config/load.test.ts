import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { StartError } from '../errors.js';
import { type ConfigSources, loadConfig } from './load.js';

const message = (sources: ConfigSources): string => {
  try {
    loadConfig(sources);
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    return (error as StartError).message;
  }
  throw new Error('the configuration was accepted');
};
const file = (text: string): ConfigSources => ({ flags: { config: 'efir.yaml' }, readFile: () => text });

test('without anything set, the defaults hold', () => {
  const config = loadConfig();
  expect(config).toMatchObject({
    port: 3000,
    mediaPort: 40_000,
    announcedIps: [],
    https: false,
    logLevel: 'info',
    requireTokens: false,
    trustProxy: false,
    resumeGraceMs: 15_000,
  });
  expect(config.workers).toBe(Math.min(256, availableParallelism()));
  expect(config.rateLimits.enabled).toBe(true);
});

test('a flag goes over the environment, and the environment over the file', () => {
  const readFile = (): string => 'port: 1\nworkers: 1\nmediaPort: 1';
  const config = loadConfig({
    flags: { config: 'efir.yaml', port: '3', 'announced-ip': ['203.0.113.7', '2001:db8::1'] },
    environment: { EFIR_PORT: '2', EFIR_WORKERS: '2', EFIR_ANNOUNCED_IP: '198.51.100.1' },
    readFile,
  });
  expect(config).toMatchObject({ port: 3, workers: 2, mediaPort: 1, announcedIps: ['203.0.113.7', '2001:db8::1'] });
});

test('the environment gives lists with commas, and switches as words', () => {
  const config = loadConfig({
    environment: {
      EFIR_ANNOUNCED_IP: '203.0.113.7, 203.0.113.8',
      EFIR_HTTPS: 'yes',
      EFIR_RATE_LIMITS: '0',
      EFIR_PORT: '',
    },
  });
  expect(config).toMatchObject({ announcedIps: ['203.0.113.7', '203.0.113.8'], https: true, port: 3000 });
  expect(config.rateLimits.enabled).toBe(false);
});

test('the file takes options by their key or their flag', () => {
  const config = loadConfig(
    file('media-port: 41000\nannounced-ip: 203.0.113.7\nlogLevel: debug\nrateLimits: { tokens: 5 }'),
  );
  expect(config).toMatchObject({ mediaPort: 41_000, announcedIps: ['203.0.113.7'], logLevel: 'debug' });
  expect(config.rateLimits).toMatchObject({ tokens: 5, enabled: true });
});

test('an empty file is no file', () => {
  expect(loadConfig(file('# nothing yet\n')).port).toBe(3000);
});

test('a wrong value is told by the name it was given under, with a right one', () => {
  expect(message({ flags: { port: '70000' } })).toBe('--port is 0 to 65535, for example --port 3000.');
  expect(message({ environment: { EFIR_PORT: 'http' } })).toMatch(/^EFIR_PORT .*for example --port 3000\.$/);
  expect(message(file('port: -1'))).toMatch(/^port in efir\.yaml is 0 to 65535/);
  expect(message({ flags: { 'announced-ip': ['example.org'] } })).toBe(
    '--announced-ip is an IPv4 or IPv6 address, not a name, for example --announced-ip 203.0.113.7.',
  );
  expect(message({ flags: { 'log-level': 'loud' } })).toMatch(/^--log-level is trace, debug/);
});

test('an option that does not exist is refused', () => {
  expect(message(file('prot: 3000'))).toBe('There is no option prot: see efir start --help.');
  expect(message(file('rateLimits: { token: 3 }'))).toMatch(/no option token under rateLimits/);
});

test('a file that is missing, no YAML or no mapping is named', () => {
  expect(message({ flags: { config: '/nonexistent/efir.yaml' } })).toMatch(/efir\.yaml is not there: check --config/);
  expect(message(file('a: [1'))).toMatch(/is not YAML/);
  expect(message(file('- port'))).toMatch(/"option: value"/);
});

test('TURN servers and the limits of topologies are set like all else', () => {
  const flags = { 'turn-url': ['turn:a.example.org:3478', 'turns:b.example.org?transport=tcp'], 'turn-ttl': '600' };
  const environment = { EFIR_TURN_SECRET: 'north', EFIR_MESH_MAX: '0', EFIR_TURN_URL: 'turn:[2001:db8::1]' };
  expect(loadConfig({ flags, environment })).toMatchObject({
    turnUrls: flags['turn-url'],
    turnSecret: 'north',
    turnTtlSeconds: 600,
    meshMax: 0,
    sfuMax: 25,
    topologySettleMs: 5000,
  });
  expect(loadConfig(file('turn-url: turn:a.example.org\nmeshMax: 3\nclassic-max: 4'))).toMatchObject({
    turnUrls: ['turn:a.example.org'],
    meshMax: 3,
    classicMax: 4,
  });
  for (const url of ['turn.example.org', 'https://a', 'turn:a b', 'turn:a:1?transport=sctp', 'stun:a']) {
    expect(message({ flags: { 'turn-url': [url] } })).toMatch(/^--turn-url is turn:host/);
  }
  expect(message({ flags: { 'mesh-max': '-1' } })).toMatch(/^--mesh-max is 0 to 10000/);
  expect(message({ flags: { 'turn-secret': 'north' } })).toMatch(/^--turn-url is needed with a TURN secret/);
  expect(message({ flags: { 'turn-ttl': '5' } })).toMatch(/^--turn-ttl is 60/);
});

test('options that need each other are checked together', () => {
  expect(message({ flags: { 'tls-cert': 'a.pem' } })).toMatch(/^--tls-key is needed with a certificate/);
  expect(message({ flags: { 'require-tokens': true } })).toMatch(/^--api-secret is needed where tokens are required/);
  expect(message({ flags: { 'media-port': '65535', workers: '2' } })).toMatch(/leaves no room for 2 workers/);
  expect(loadConfig({ flags: { 'tls-cert': 'a.pem', 'tls-key': 'b.pem' } }).https).toBe(true);
});

test('trust in proxies is a switch, a number of hops or addresses', () => {
  for (const [given, value] of [
    ['true', true],
    ['1', 1],
    ['loopback, 10.0.0.0/8', 'loopback, 10.0.0.0/8'],
  ] as const) {
    expect(loadConfig({ flags: { 'trust-proxy': given } }).trustProxy).toBe(value);
  }
  for (const bad of ['everyone', '10.0.0.0/33', '17', '']) {
    expect(message(file(`trustProxy: "${bad}"`))).toMatch(/^trustProxy in efir.yaml is true, false, a number of hops/);
  }
});

test('a node among others is set like all else', () => {
  const secret = 'a secret of sixteen'.replaceAll(' ', '-');
  const config = loadConfig({
    flags: { redis: 'redis://:pw@10.0.0.5:6379/2', 'max-viewers': '3', 'max-bandwidth': '1.5g', region: 'eu-west' },
    environment: { EFIR_CLUSTER_SECRET: secret, EFIR_PUBLIC_URL: 'https://east.example.org:8443/' },
  });
  expect(config).toMatchObject({
    ...{ redis: 'redis://:pw@10.0.0.5:6379/2', clusterSecret: secret, region: 'eu-west', maxViewers: 3 },
    ...{ maxBandwidth: 1.5e9, publicUrl: 'https://east.example.org:8443', placement: 'mix', placementRules: [] },
  });
  expect(loadConfig()).toMatchObject({ maxViewers: 100 });
  expect(loadConfig(file('max-bandwidth: 2000000')).maxBandwidth).toBe(2e6);
});

test('placement rules come in one line or as a list, and are checked at the start', () => {
  const lines = ['prefer node.region == client.region', 'score min(node.cpu, 1)'];
  const rules = lines.join('; ');
  const environment = { EFIR_PLACEMENT: 'rules', EFIR_PLACEMENT_RULES: rules };
  expect(loadConfig({ environment }).placementRules).toEqual(lines);
  expect(loadConfig(file(JSON.stringify({ placement: 'rules', placementRules: lines }))).placementRules).toEqual(lines);
  const flags = { placement: 'rules', 'placement-rules': 'score node.cups' };
  expect(message({ flags })).toMatch(
    /^--placement-rules have a rule that knows no node\.cups .*: score node\.cups, for/,
  );
  expect(message({ flags: { placement: 'rules' } })).toMatch(/^--placement-rules are needed for placement by rules/);
  expect(message({ flags: { 'placement-rules': rules } })).toMatch(/^--placement must be rules where there are rules/);
});

test('what a cluster needs is asked for', () => {
  expect(message({ flags: { redis: 'redis://a' } })).toMatch(/^--cluster-secret is needed with Redis/);
  expect(message({ flags: { 'cluster-secret': 'a-secret-of-sixteen' } })).toMatch(
    /^--redis is needed with a cluster secret/,
  );
  expect(message({ flags: { 'cluster-secret': 'short' } })).toMatch(/^--cluster-secret is 16 characters or more/);
  expect(message({ flags: { redis: 'http://a' } })).toMatch(/^--redis is a redis:\/\/ or rediss:\/\/ address/);
  expect(message({ flags: { 'node-id': 'a b' } })).toMatch(/^--node-id is 1 to 64 letters/);
  expect(message({ flags: { 'max-bandwidth': 'fast' } })).toMatch(/^--max-bandwidth is a bit rate such as 800m/);
  expect(message({ flags: { 'public-url': 'east.example.org' } })).toMatch(/^--public-url is an http/);
  expect(message({ flags: { 'public-url': 'https://a.example.org/x' } })).toMatch(
    /^--public-url is an address without a path/,
  );
  expect(message({ flags: { placement: 'best' } })).toMatch(
    /^--placement is one of mix, cpu, bandwidth, streams, rules/,
  );
});
