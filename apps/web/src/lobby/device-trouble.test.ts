import { EfirError } from '@efir/client';
import { expect, test } from 'vitest';
import { en } from '../i18n/en.js';
import { troubles } from './device-trouble.js';

const error = (code: ConstructorParameters<typeof EfirError>[0]) => new EfirError(code, '');

test('one cause for both devices is told once', () => {
  const denied = error('permission-denied');
  expect(troubles({ camera: denied, microphone: denied })).toEqual([
    { what: 'permission-denied_both', how: 'permission-denied_how', retry: true },
  ]);
});

test('different causes are told apart', () => {
  const told = troubles({ camera: error('no-device'), microphone: error('device-busy') });
  expect(told.map(({ what }) => what)).toEqual(['no-device_camera', 'device-busy_microphone']);
});

test('an insecure page is about the page, and asking again does not help', () => {
  expect(troubles({ camera: error('not-secure') })).toEqual([
    { what: 'not-secure_both', how: 'not-secure_how', retry: false },
  ]);
});

test('every trouble has words', () => {
  for (const code of [
    'permission-denied',
    'no-device',
    'device-busy',
    'not-secure',
    'unsupported-browser',
    'internal',
  ] as const) {
    for (const errors of [
      { camera: error(code) },
      { microphone: error(code) },
      { camera: error(code), microphone: error(code) },
    ]) {
      for (const { what, how } of troubles(errors)) {
        expect(en.device).toHaveProperty(what);
        expect(en.device).toHaveProperty(how);
      }
    }
  }
});
