import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { serveControl } from './channel.js';
import type { ControlMessage } from './control.js';

class Endpoint extends EventEmitter {
  connected = true;
  sent: ControlMessage[] = [];
  send(message: ControlMessage): boolean {
    this.sent.push(message);
    return true;
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a request is answered once, by its id, when its handler is done', async () => {
  const endpoint = new Endpoint();
  let finish: (value: object) => void = () => {};
  serveControl((request) => {
    if (request.type === 'openRouter') return new Promise<object>((resolve) => (finish = resolve));
    return {};
  }, endpoint);
  endpoint.emit('message', { id: 1, request: { type: 'openRouter', router: 'r' } });
  endpoint.emit('message', { id: 2, request: { type: 'closeRouter', router: 'r' } });
  await settled();
  expect(endpoint.sent).toEqual([{ id: 2, reply: {} }]);
  finish({ late: true });
  await settled();
  expect(endpoint.sent[1]).toEqual({ id: 1, reply: { late: true } });
});

test('a handler that throws refuses with the code of its error', async () => {
  const endpoint = new Endpoint();
  serveControl((request) => {
    if (request.type === 'closeRouter') throw Object.assign(new Error('no such router'), { code: 'unknown-router' });
    throw new TypeError('oops');
  }, endpoint);
  endpoint.emit('message', { id: 7, request: { type: 'closeRouter', router: 'r' } });
  endpoint.emit('message', { id: 8, request: { type: 'shutdown' } });
  await settled();
  expect(endpoint.sent).toEqual([
    { id: 7, error: { code: 'unknown-router', message: 'no such router' } },
    { id: 8, error: { code: 'internal', message: 'oops' } },
  ]);
});

test('messages that are no requests are passed over', async () => {
  const endpoint = new Endpoint();
  let calls = 0;
  serveControl(() => calls++, endpoint);
  for (const message of [null, 1, 'x', {}, { id: 'a', request: { type: 'shutdown' } }, { id: 1, request: {} }]) {
    endpoint.emit('message', message);
  }
  await settled();
  expect([calls, endpoint.sent]).toEqual([0, []]);
});

test('notices are dropped and the callback comes when the parent is gone', async () => {
  const endpoint = new Endpoint();
  const control = serveControl(() => ({}), endpoint);
  let gone = 0;
  control.onParentGone(() => gone++);
  endpoint.connected = false;
  endpoint.emit('disconnect');
  control.notify({ type: 'speaker', router: 'r', producer: null });
  control.onParentGone(() => gone++);
  await settled();
  expect([gone, endpoint.sent]).toEqual([2, []]);
});
