/** What of an RTCPeerConnection negotiating needs. */
export type NegotiatingPeer = Pick<
  RTCPeerConnection,
  | 'signalingState'
  | 'localDescription'
  | 'remoteDescription'
  | 'setLocalDescription'
  | 'setRemoteDescription'
  | 'addIceCandidate'
>;

export interface NegotiationOptions {
  /** Who gives way when two offers meet. Exactly one of the two ends is polite. */
  polite: boolean;
  send(description: { type: RTCSdpType; sdp: string }): void;
  /** A remote offer is set: bring our own sections in line with it before the answer is made. */
  beforeAnswer(offer: RTCSessionDescriptionInit): Promise<void>;
  /** A remote description is in effect (for an offer: the answer to it is sent). */
  applied(description: RTCSessionDescriptionInit): void;
}

/** Candidates kept while there is no description that they belong to. */
const EARLY_CANDIDATES = 64;

/**
 * Perfect negotiation (WebRTC 1.0, section 10.7) of one connection: either end may offer at any time. Remote messages are
 * dealt with one after another, in the order of their arrival.
 */
export class Negotiation {
  private making = false;
  private ignoring = false;
  private settingAnswer = false;
  private early: (RTCIceCandidateInit | null)[] = [];
  private turns: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(
    private readonly pc: NegotiatingPeer,
    private readonly options: NegotiationOptions,
  ) {}

  /** To be called on `negotiationneeded`. Rejects if the browser can't describe itself. */
  async offer(): Promise<void> {
    if (this.closed || this.pc.signalingState !== 'stable') return;
    try {
      this.making = true;
      await this.pc.setLocalDescription();
      this.sendLocal();
    } finally {
      this.making = false;
    }
  }

  /** Resolves to false if it was passed over: it lost against an offer of ours, or answers nothing. */
  description(description: RTCSessionDescriptionInit): Promise<boolean> {
    return this.inTurn(() => this.take(description));
  }

  /** Null: there are no more. A candidate that the browser refuses is no reason to stop. */
  candidate(candidate: RTCIceCandidateInit | null): Promise<void> {
    return this.inTurn(async () => {
      if (this.pc.remoteDescription === null) {
        if (this.early.length < EARLY_CANDIDATES) this.early.push(candidate);
      } else if (!this.ignoring) await this.add(candidate);
    });
  }

  close(): void {
    this.closed = true;
    this.early = [];
  }

  private async take(description: RTCSessionDescriptionInit): Promise<boolean> {
    const { pc, options } = this;
    const { type } = description;
    if (this.closed || (type !== 'offer' && type !== 'answer')) return false;
    if (type === 'answer' && pc.signalingState !== 'have-local-offer') return false;
    const free = !this.making && (pc.signalingState === 'stable' || this.settingAnswer);
    this.ignoring = type === 'offer' && !free && !options.polite;
    if (this.ignoring) return false;
    this.settingAnswer = type === 'answer';
    try {
      // An offer of our own is rolled back by this.
      await pc.setRemoteDescription(description);
    } finally {
      this.settingAnswer = false;
    }
    const early = this.early;
    this.early = [];
    for (const candidate of early) await this.add(candidate);
    if (type === 'offer') {
      await options.beforeAnswer(description);
      if (this.closed || (pc.signalingState as RTCSignalingState) !== 'have-remote-offer') return false;
      await pc.setLocalDescription();
      this.sendLocal();
    }
    if (!this.closed) options.applied(description);
    return true;
  }

  private sendLocal(): void {
    const local = this.pc.localDescription;
    if (!this.closed && local) this.options.send({ type: local.type, sdp: local.sdp });
  }

  private async add(candidate: RTCIceCandidateInit | null): Promise<void> {
    try {
      await this.pc.addIceCandidate(candidate ?? undefined);
    } catch {
      // Of an offer that was rolled back, or of a kind this browser doesn't know.
    }
  }

  private inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.turns.then(action);
    this.turns = turn.catch(() => {});
    return turn;
  }
}
