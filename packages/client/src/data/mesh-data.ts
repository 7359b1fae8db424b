import type { DataChannelLabel } from '@efir/protocol';
import type { DataPayload, DataPort } from '../path/media-path.js';
import { listen, push } from './channel.js';

export interface ChannelEvents {
  onData(label: DataChannelLabel, from: string, data: DataPayload): void;
  onDataState(label: DataChannelLabel): void;
}

/** The data channels of a mesh: three to each of the others. */
export class MeshData implements DataPort {
  private readonly byPeer = new Map<string, Map<DataChannelLabel, { channel: RTCDataChannel; stop: () => void }>>();

  constructor(private readonly events: ChannelEvents) {}

  adopt(peer: string, label: DataChannelLabel, channel: RTCDataChannel): void {
    const channels = this.byPeer.get(peer) ?? new Map();
    this.byPeer.set(peer, channels);
    channels.get(label)?.stop();
    const stop = listen(channel, {
      onData: (data) => this.events.onData(label, peer, data),
      onState: () => this.events.onDataState(label),
    });
    channels.set(label, { channel, stop });
  }

  /** The connection to this participant is closed. */
  forget(peer: string): void {
    for (const { stop } of this.byPeer.get(peer)?.values() ?? []) stop();
    this.byPeer.delete(peer);
  }

  close(): void {
    for (const peer of [...this.byPeer.keys()]) this.forget(peer);
  }

  reaches(label: DataChannelLabel, to: string): boolean {
    return this.channel(label, to)?.readyState === 'open';
  }

  send(label: DataChannelLabel, to: string | null, data: DataPayload): boolean {
    if (to !== null) return push(this.channel(label, to), label, data);
    let sent = false;
    for (const peer of this.byPeer.keys()) sent = push(this.channel(label, peer), label, data) || sent;
    return sent;
  }

  buffered(label: DataChannelLabel, to: string): number {
    return this.channel(label, to)?.bufferedAmount ?? 0;
  }

  private channel(label: DataChannelLabel, peer: string): RTCDataChannel | undefined {
    return this.byPeer.get(peer)?.get(label)?.channel;
  }
}
