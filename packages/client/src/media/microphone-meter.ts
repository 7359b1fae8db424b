/** Loudness of a local track for a level bar: RMS, 0 to 1, of what the microphone gives now. */
export class MicrophoneMeter {
  private readonly context: AudioContext | null;
  private readonly analyser: AnalyserNode | null = null;
  private readonly samples: Float32Array<ArrayBuffer>;
  private readonly node: MediaStreamAudioSourceNode | null = null;

  constructor(media: MediaStreamTrack) {
    this.samples = new Float32Array(1024);
    this.context = typeof AudioContext === 'undefined' ? null : new AudioContext();
    if (!this.context) return;
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 1024;
    this.node = this.context.createMediaStreamSource(new MediaStream([media]));
    this.node.connect(this.analyser);
    // Suspended until the person has touched the page; then `level` stays at 0 for the time being.
    void this.context.resume().catch(() => {});
  }

  get level(): number {
    if (!this.analyser) return 0;
    this.analyser.getFloatTimeDomainData(this.samples);
    let sum = 0;
    for (const sample of this.samples) sum += sample * sample;
    return Math.sqrt(sum / this.samples.length);
  }

  close(): void {
    this.node?.disconnect();
    void this.context?.close().catch(() => {});
  }
}
