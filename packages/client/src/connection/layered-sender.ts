import { encodingsIn, type LayerEncoding, type LayerState } from './layers.js';

/** Everything is taken until the server says otherwise. */
const ALL: Readonly<LayerState> = { taken: Number.POSITIVE_INFINITY, dropped: 0, frameRate: null };

/** The encodings of one sender, kept as they are to be: one change at a time, and the newest wins. */
export class LayeredSender {
  private state: LayerState = { ...ALL };
  private told = '';
  private running = false;

  constructor(
    private readonly sender: RTCRtpSender,
    /** As they began. */
    private readonly encodings: readonly LayerEncoding[],
  ) {}

  get layers(): number {
    return this.encodings.length;
  }

  /** Layers that are sent now. */
  get active(): number {
    return encodingsIn(this.state, this.encodings).filter(({ active }) => active).length;
  }

  set(change: Partial<LayerState>): void {
    this.state = { ...this.state, ...change };
    if (!this.running) void this.apply();
  }

  private async apply(): Promise<void> {
    this.running = true;
    for (let tries = 0; tries < 3; ) {
      const wanted = encodingsIn(this.state, this.encodings);
      const text = JSON.stringify(wanted);
      if (text === this.told) break;
      try {
        const parameters = this.sender.getParameters();
        parameters.encodings?.forEach((encoding, index) => {
          Object.assign(encoding, wanted[index]);
        });
        await this.sender.setParameters(parameters);
        this.told = text;
      } catch {
        // Too early, or another description came in between; closed, in the end.
        tries++;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    this.running = false;
  }
}
