import { expect, test } from 'vitest';
import { SignalingError } from '../bots/connection.js';
import { judgeSession } from './session.js';

test('what keeps clients out is told apart', () => {
  const judged = (code: string) => judgeSession(new SignalingError(code, 'so it is'))[0];
  expect(judged('unreachable')).toMatchObject({ status: 'problem', remedy: expect.stringContaining('/socket.io/') });
  expect(judged('unauthorized')).toMatchObject({ status: 'warning', remedy: expect.stringContaining('--api-secret') });
  expect(judged('api-secret')).toMatchObject({ status: 'problem' });
  expect(judged('rate-limited')).toMatchObject({ status: 'warning' });
  expect(judged('unavailable')).toMatchObject({ status: 'problem', finding: expect.stringContaining('so it is') });
});
