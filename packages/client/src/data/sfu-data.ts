import { DATA_CHANNELS, type DataChannelLabel } from '@efir/protocol';
import type { DataPayload, DataPort } from '../path/media-path.js';
import { listen, push } from './channel.js';
import { splitAddress, withAddress } from './header.js';
import type { ChannelEvents } from './mesh-data.js';

/** The data channels to the SFU, which passes messages on by their header. */
export class SfuData implements DataPort {
  private readonly channels = new Map<DataChannelLabel, { channel: RTCDataChannel; stop: () => void }>();

  /** To be made before the first offer, so that the offer has a section for them. */
  constructor(pc: RTCPeerConnection, events: ChannelEvents) {
    if (typeof pc.createDataChannel !== 'function') return;
    for (const [name, { id: _, ...init }] of Object.entries(DATA_CHANNELS)) {
      const label = name as DataChannelLabel;
      const channel = pc.createDataChannel(label, init);
      const stop = listen(channel, {
        onData: (message) => {
          const split = splitAddress(message);
          if (split) events.onData(label, split.from, split.data);
        },
        onState: () => events.onDataState(label),
      });
      this.channels.set(label, { channel, stop });
    }
  }

  reaches(label: DataChannelLabel): boolean {
    return this.channels.get(label)?.channel.readyState === 'open';
  }

  send(label: DataChannelLabel, to: string | null, data: DataPayload): boolean {
    return push(this.channels.get(label)?.channel, label, withAddress(to, data));
  }

  buffered(label: DataChannelLabel): number {
    return this.channels.get(label)?.channel.bufferedAmount ?? 0;
  }

  close(): void {
    for (const { stop } of this.channels.values()) stop();
  }
}
