import { expect, test, vi } from 'vitest';
import { Negotiation } from './negotiation.js';

type Description = { type: RTCSdpType; sdp: string };

/** The signalling states of an RTCPeerConnection (WebRTC 1.0, 4.7.1), and what is in its descriptions. */
class FakePeer {
  signalingState: RTCSignalingState = 'stable';
  localDescription: RTCSessionDescription | null = null;
  remoteDescription: RTCSessionDescription | null = null;
  readonly candidates: (string | undefined)[] = [];
  rollbacks = 0;
  private made = 0;
  private stable: [RTCSessionDescription | null, RTCSessionDescription | null] = [null, null];

  constructor(readonly name: string) {}

  async setLocalDescription(): Promise<void> {
    await pause();
    const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer';
    this.localDescription = { type, sdp: `${this.name}${++this.made}` } as RTCSessionDescription;
    this.become(type === 'offer' ? 'have-local-offer' : 'stable');
  }
  async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    await pause();
    if (description.type === 'answer' && this.signalingState !== 'have-local-offer') throw new Error('wrong state');
    if (description.type === 'offer' && this.signalingState === 'have-local-offer') {
      this.rollbacks++;
      [this.localDescription, this.remoteDescription] = this.stable;
    }
    this.remoteDescription = description as RTCSessionDescription;
    this.become(description.type === 'offer' ? 'have-remote-offer' : 'stable');
  }
  async addIceCandidate(candidate?: RTCIceCandidateInit | null): Promise<void> {
    if (!this.remoteDescription) throw new Error('no description yet');
    this.candidates.push(candidate?.candidate);
  }
  private become(state: RTCSignalingState): void {
    this.signalingState = state;
    if (state === 'stable') this.stable = [this.localDescription, this.remoteDescription];
  }
}
const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

function end(name: string, polite: boolean) {
  const peer = new FakePeer(name);
  const sent: Description[] = [];
  const applied: string[] = [];
  const beforeAnswer = vi.fn(async () => {});
  let deliver: (description: Description) => void = () => {};
  const negotiation = new Negotiation(peer, {
    polite,
    send: (description) => {
      sent.push(description);
      deliver(description);
    },
    beforeAnswer,
    applied: ({ sdp }) => applied.push(sdp ?? ''),
  });
  return { peer, sent, applied, negotiation, beforeAnswer, to: (next: typeof deliver) => (deliver = next) };
}
type End = ReturnType<typeof end>;

/** Two ends with a wire of some delay between them, in order. */
function pair(delay = 1) {
  const ann = end('ann', true);
  const bob = end('bob', false);
  const wire = (to: End) => (description: Description) =>
    void setTimeout(() => void to.negotiation.description(description), delay);
  ann.to(wire(bob));
  bob.to(wire(ann));
  return { ann, bob };
}
const agreed = ({ peer }: End, other: End) =>
  peer.signalingState === 'stable' &&
  other.peer.signalingState === 'stable' &&
  peer.localDescription?.sdp === other.peer.remoteDescription?.sdp &&
  peer.remoteDescription?.sdp === other.peer.localDescription?.sdp;

test('an offer is answered, and both know it', async () => {
  const { ann, bob } = pair();
  await ann.negotiation.offer();
  await vi.waitFor(() => expect(agreed(ann, bob)).toBe(true));
  expect(bob.beforeAnswer).toHaveBeenCalledOnce();
  expect(ann.applied).toEqual(['bob1']);
  expect(bob.applied).toEqual(['ann1']);
});

test.each([0, 1, 5, 20])(
  'two offers at once (wire of %i ms) end in one agreement: the impolite one is answered',
  async (delay) => {
    const { ann, bob } = pair(delay);
    await Promise.all([ann.negotiation.offer(), bob.negotiation.offer()]);
    await vi.waitFor(() => expect(agreed(ann, bob)).toBe(true));
    expect(ann.peer.rollbacks).toBe(1);
    expect(bob.peer.rollbacks).toBe(0);
    expect(bob.peer.localDescription).toMatchObject({ type: 'offer' });
  },
);

test('glare again and again never leaves them apart', async () => {
  const { ann, bob } = pair();
  for (let round = 0; round < 20; round++) {
    await Promise.all([
      round % 3 ? ann.negotiation.offer() : pause().then(() => ann.negotiation.offer()),
      round % 2 ? bob.negotiation.offer() : pause().then(() => bob.negotiation.offer()),
    ]);
    await vi.waitFor(() => expect(agreed(ann, bob)).toBe(true));
  }
});

test('candidates that come before the description are kept for it, a bounded number', async () => {
  const { negotiation, peer } = end('bob', false);
  for (let i = 0; i < 100; i++) await negotiation.candidate({ candidate: `c${i}` });
  expect(peer.candidates).toEqual([]);
  await negotiation.description({ type: 'offer', sdp: 'x' });
  expect(peer.candidates).toEqual(Array.from({ length: 64 }, (_, i) => `c${i}`));
});

test('candidates of an offer that was passed over are passed over with it', async () => {
  const { negotiation, peer, sent } = end('bob', false);
  await negotiation.description({ type: 'offer', sdp: 'first' });
  await negotiation.offer();
  expect(await negotiation.description({ type: 'offer', sdp: 'lost' })).toBe(false);
  await negotiation.candidate({ candidate: 'of the lost' });
  expect(peer.candidates).toEqual([]);
  await negotiation.description({ type: 'answer', sdp: 'second' });
  await negotiation.candidate({ candidate: 'of the second' });
  expect(peer.candidates).toEqual(['of the second']);
  expect(sent.map(({ type }) => type)).toEqual(['answer', 'offer']);
});

test('an answer to nothing is passed over', async () => {
  const { negotiation, applied } = end('ann', true);
  expect(await negotiation.description({ type: 'answer', sdp: 'late' })).toBe(false);
  expect(await negotiation.description({ type: 'rollback' })).toBe(false);
  expect(applied).toEqual([]);
});

test('a description that the browser refuses is told, and the next one is taken', async () => {
  const { negotiation, peer } = end('ann', true);
  vi.spyOn(peer, 'setRemoteDescription').mockRejectedValueOnce(new Error('garbage'));
  await expect(negotiation.description({ type: 'offer', sdp: 'garbage' })).rejects.toThrow('garbage');
  expect(await negotiation.description({ type: 'offer', sdp: 'fine' })).toBe(true);
});

test('after closing nothing is said', async () => {
  const { negotiation, sent } = end('ann', true);
  negotiation.close();
  await negotiation.offer();
  expect(await negotiation.description({ type: 'offer', sdp: 'x' })).toBe(false);
  expect(sent).toEqual([]);
});
