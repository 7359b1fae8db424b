import { StrainMeter } from './measure.js';
import { Strain } from './strain.js';

/** Between two looks, ms. Figures cost time, and a machine in need has none to spare. */
const LOOK_EVERY_MS = 2_500;

export interface LoadWatchHost {
  connections(): RTCPeerConnection[];
  /** The machine is too slow for what it receives: 0 (no longer), 1, 2. */
  onReceiving(level: number): void;
  /** The machine is too slow for what it encodes: so many layers are to be left out. */
  onSending(level: number): void;
}

/** Looks now and then whether this machine keeps up with the call. */
export class LoadWatch {
  private readonly meter = new StrainMeter();
  private readonly receiving = new Strain({ rise: 4, fall: 8, maximum: 2 });
  private readonly sending = new Strain({ rise: 2, fall: 12, maximum: 2 });
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = true;

  constructor(private readonly host: LoadWatchHost) {}

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => void this.look(), LOOK_EVERY_MS);
  }

  private async look(): Promise<void> {
    // Pages that aren't seen drop pictures without need.
    if (globalThis.document?.visibilityState !== 'hidden') await this.measure();
    this.schedule();
  }

  private async measure(): Promise<void> {
    const reports: unknown[] = [];
    try {
      for (const pc of this.host.connections())
        for (const report of (await pc.getStats()).values()) reports.push(report);
    } catch {
      // Closed meanwhile.
      return;
    }
    if (this.stopped) return;
    const { receiving, sending } = this.meter.read(reports);
    if (this.receiving.look(receiving)) this.host.onReceiving(this.receiving.level);
    if (this.sending.look(sending)) this.host.onSending(this.sending.level);
  }
}
