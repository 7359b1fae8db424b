import { bindingResponse, IceLiteAgent, type IceParameters } from '@efir/rtc';
import { afterEach, expect, test } from 'vitest';
import { type Answer, openStunPort, type StunPort } from '../testing/stun-port.js';
import { knockAtAll } from './knocks.js';
import { knock } from './probe.js';

/** For answers on this machine that won't come. */
const PATIENCE_MS = 300;

const open: StunPort[] = [];
afterEach(async () => {
  for (const port of open.splice(0)) await port.close();
});
const listen = async (udp: Answer | null, tcp: Answer | null): Promise<number> => {
  const stun = await openStunPort(udp, tcp);
  open.push(stun);
  return stun.port;
};

const stunServer: Answer = (packet, from) => bindingResponse(packet, from);
const local: IceParameters = { usernameFragment: 'ours', password: 'a password of twenty-two' };
const remote: IceParameters = { usernameFragment: 'theirs', password: 'another of twenty-two ch' };
const credentials = { local, remote };
/** Answers checks of our session and plain requests, as a worker does. */
const worker = (): Answer => {
  const agent = new IceLiteAgent({ local: remote, remote: local, consentTimeoutMs: 30_000 });
  return (packet, from) =>
    bindingResponse(packet, from) ?? agent.handle(packet, `${from.address} ${from.port}`, from, 0).response;
};

for (const protocol of ['udp', 'tcp'] as const) {
  test(`a worker answers by ${protocol}, with our address as it sees it`, async () => {
    const port = await listen(worker(), worker());
    for (const asked of [undefined, credentials]) {
      const { outcome, mapped } = await knock({ address: '127.0.0.1', port, protocol }, asked);
      expect(outcome).toBe('answered');
      expect(mapped).toMatchObject({ address: '127.0.0.1', port: expect.any(Number) });
    }
  });

  test(`another STUN server is a stranger by ${protocol}`, async () => {
    const port = await listen(stunServer, stunServer);
    expect((await knock({ address: '127.0.0.1', port, protocol }, credentials, PATIENCE_MS)).outcome).toBe('stranger');
  });

  test(`a port where nobody listens refuses by ${protocol}`, async () => {
    const port = await listen(null, null);
    expect((await knock({ address: '127.0.0.1', port, protocol })).outcome).toBe('refused');
  });

  test(`garbage by ${protocol} is a stranger's`, async () => {
    const noise: Answer = () => new Uint8Array(2000).fill(0x55);
    const port = await listen(noise, noise);
    expect((await knock({ address: '127.0.0.1', port, protocol }, undefined, PATIENCE_MS)).outcome).toBe('stranger');
  });
}

test('who says nothing is silent by UDP, a stranger by TCP', async () => {
  const port = await listen(
    () => null,
    () => null,
  );
  const [udp, tcp] = await Promise.all([
    knock({ address: '127.0.0.1', port, protocol: 'udp' }, undefined, PATIENCE_MS),
    knock({ address: '127.0.0.1', port, protocol: 'tcp' }, undefined, PATIENCE_MS),
  ]);
  expect([udp.outcome, tcp.outcome]).toEqual(['silent', 'stranger']);
});

test('the other ports are knocked at by the protocols that got through', async () => {
  const first = await listen(null, worker());
  const second = await listen(stunServer, stunServer);
  const plan = { addresses: ['127.0.0.1'], ports: [first, second], checks: [] };
  const knocks = await knockAtAll(plan, credentials);
  expect(knocks.map(({ port, protocol, outcome }) => [port, protocol, outcome])).toEqual([
    [first, 'udp', 'refused'],
    [first, 'tcp', 'answered'],
    [second, 'tcp', 'answered'],
  ]);
});
