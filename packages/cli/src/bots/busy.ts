/** How many of a robot's streams carry something at once. Times in ms. */
import type { IncomingStream } from '@efir/sfu';

const WINDOW_MS = 1000;

export class Busy {
  mostVoices = 0;
  mostPictures = 0;
  #nextMs = 0;
  #packets = new Map<IncomingStream, number>();

  /** To be called often; counts once a second what has got packets since. */
  look(streams: readonly IncomingStream[], now: number): void {
    if (now < this.#nextMs) return;
    this.#nextMs = now + WINDOW_MS;
    const packets = new Map(streams.map((stream) => [stream, stream.packets]));
    const busy = streams.filter((stream) => stream.packets > (this.#packets.get(stream) ?? 0));
    this.#packets = packets;
    const pictures = busy.filter(({ video }) => video !== null).length;
    this.mostPictures = Math.max(this.mostPictures, pictures);
    this.mostVoices = Math.max(this.mostVoices, busy.length - pictures);
  }
}
