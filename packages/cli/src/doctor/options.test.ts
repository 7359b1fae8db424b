import { StartError } from '@efir/server';
import { expect, test } from 'vitest';
import { DoctorUsageError, doctorUsage, parseDoctorOptions } from './options.js';

const parse = (args: string[], environment: NodeJS.ProcessEnv = {}) => {
  const options = parseDoctorOptions(args, environment);
  if (options === 'help') throw new Error('help was not asked for');
  return options;
};

test('the server is looked for where its own options put it', () => {
  expect(parse([]).url).toBe('http://localhost:3000');
  expect(parse(['--port', '4000', '--https']).url).toBe('https://localhost:4000');
  expect(parse(['--host', '192.0.2.1']).url).toBe('http://192.0.2.1:3000');
  expect(parse(['--host', '::1']).url).toBe('http://[::1]:3000');
  expect(parse([], { EFIR_PORT: '4001' }).url).toBe('http://localhost:4001');
  expect(parse(['--url', 'https://call.example.org/room/x', '--port', '4000']).url).toBe('https://call.example.org');
});

test('it takes the options of the server, and says which are wrong', () => {
  const { config, json } = parse(['--json', '--turn-url', 'turn:turn.example.org', '--turn-secret', 'north']);
  expect(json).toBe(true);
  expect(config).toMatchObject({ turnUrls: ['turn:turn.example.org'], turnSecret: 'north' });
  expect(() => parse(['--url', 'ftp://x'])).toThrow(DoctorUsageError);
  expect(() => parse(['--colour'])).toThrow(DoctorUsageError);
  expect(() => parse(['--media-port', 'x'])).toThrow(StartError);
});

test('the help names what the doctor uses', () => {
  expect(parseDoctorOptions(['--help'], {})).toBe('help');
  for (const flag of ['--url', '--json', '--turn-secret', '--announced-ip', '--media-port']) {
    expect(doctorUsage()).toContain(flag);
  }
});
