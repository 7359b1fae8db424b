/** Stand-ins for what browsers have and Node hasn't. For tests of this package only. */

export class FakeMedia extends EventTarget {
  enabled = true;
  readyState = 'live';
  contentHint = '';
  constructor(
    readonly kind: 'audio' | 'video',
    readonly id = crypto.randomUUID(),
  ) {
    super();
  }
  stop(): void {
    this.readyState = 'ended';
  }
  getSettings(): MediaTrackSettings {
    return { deviceId: `default-${this.kind}` };
  }
  /** The device is unplugged, or "stop sharing" is pressed. */
  lose(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }
}

export const fakeMedia = (kind: 'audio' | 'video'): MediaStreamTrack & FakeMedia =>
  new FakeMedia(kind) as unknown as MediaStreamTrack & FakeMedia;

class FakeTransceiver {
  mid: string | null = null;
  direction: RTCRtpTransceiverDirection;
  readonly sender;
  readonly receiver;

  constructor(kind: 'audio' | 'video', track: MediaStreamTrack | null, direction: RTCRtpTransceiverDirection) {
    this.direction = direction;
    this.sender = {
      track,
      replaceTrack: async (next: MediaStreamTrack | null) => {
        this.sender.track = next;
      },
      getParameters: () => ({}),
      setParameters: async () => {},
      getStats: async () => new Map(),
    };
    this.receiver = { track: fakeMedia(kind), getSynchronizationSources: () => [], getContributingSources: () => [] };
  }
}

/** Connects as soon as the first answer is applied. */
export class FakePeerConnection extends EventTarget {
  static all: FakePeerConnection[] = [];
  connectionState: RTCPeerConnectionState = 'new';
  readonly transceivers: FakeTransceiver[] = [];
  iceRestarts = 0;

  constructor() {
    super();
    FakePeerConnection.all.push(this);
  }
  addTransceiver(trackOrKind: MediaStreamTrack | 'audio' | 'video', init: RTCRtpTransceiverInit): FakeTransceiver {
    const track = typeof trackOrKind === 'string' ? null : trackOrKind;
    const kind = (track?.kind ?? trackOrKind) as 'audio' | 'video';
    const transceiver = new FakeTransceiver(kind, track, init.direction ?? 'sendrecv');
    this.transceivers.push(transceiver);
    return transceiver;
  }
  getTransceivers(): FakeTransceiver[] {
    return this.transceivers;
  }
  getReceivers(): unknown[] {
    return this.transceivers.map(({ receiver }) => receiver);
  }
  async getStats(): Promise<Map<string, unknown>> {
    return new Map();
  }
  async createOffer({ iceRestart }: { iceRestart?: boolean } = {}): Promise<RTCSessionDescriptionInit> {
    if (iceRestart) this.iceRestarts++;
    return { type: 'offer', sdp: 'v=0\r\n' };
  }
  async setLocalDescription(): Promise<void> {
    for (const [index, transceiver] of this.transceivers.entries()) transceiver.mid ??= String(index);
  }
  async setRemoteDescription(): Promise<void> {
    this.become('connected');
  }
  become(state: RTCPeerConnectionState): void {
    if (this.connectionState === state) return;
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }
  close(): void {
    this.connectionState = 'closed';
  }
}
