import { expect, test } from 'vitest';
import { parseFlags, usage, welcome } from './start.js';

test('flags are read as they are written', () => {
  expect(
    parseFlags([
      '--port',
      '4000',
      '--announced-ip',
      '192.0.2.1',
      '--announced-ip=192.0.2.2',
      '--https',
      '--no-rate-limits',
    ]),
  ).toEqual({ port: '4000', 'announced-ip': ['192.0.2.1', '192.0.2.2'], https: true, 'rate-limits': false });
});

test('a flag that does not exist, or lacks its value, is named', () => {
  expect(() => parseFlags(['--prot', '4000'])).toThrow(/--prot/);
  expect(() => parseFlags(['--port'])).toThrow(/--port/);
  expect(() => parseFlags(['4000'])).toThrow(/4000/);
});

test('the help names every option', () => {
  const text = usage();
  for (const flag of ['--port <port>', '--announced-ip <ip>', '--no-rate-limits', '--config <file>']) {
    expect(text).toContain(flag);
  }
});

test('the welcome says what to open, and how other devices get their camera', () => {
  const server = {
    url: 'http://localhost:3000',
    networkUrls: ['http://192.0.2.1:3000'],
    port: 3000,
    close: async () => {},
  };
  expect(welcome({ ...server, https: false, selfSigned: false })).toBe(
    'Efir is on air. Open http://localhost:3000\nFor cameras on other devices of this network, start with --https.\n',
  );
  const secure = { ...server, url: 'https://localhost:3000', networkUrls: ['https://192.0.2.1:3000'] };
  expect(welcome({ ...secure, https: true, selfSigned: true })).toContain('In this network: https://192.0.2.1:3000');
});
