import type { DataChannelLabel } from '@efir/protocol';
import type { DataPayload } from '../path/media-path.js';

/** Bytes that may wait in the browser for one channel; it breaks the channel at some 16 MB. */
const BUFFER_LIMIT: Record<DataChannelLabel, number> = { reliable: 1_048_576, lossy: 65_536, file: 524_288 };
/** Below this there is room again. */
const BUFFER_LOW = 131_072;

export interface ChannelHandlers {
  onData(data: DataPayload): void;
  /** Opened, closed, or has room again. */
  onState(): void;
}

/** Makes a channel ready for use. After the returned function is called nothing is called back. */
export function listen(channel: RTCDataChannel, handlers: ChannelHandlers): () => void {
  channel.binaryType = 'arraybuffer';
  channel.bufferedAmountLowThreshold = BUFFER_LOW;
  const controller = new AbortController();
  const { signal } = controller;
  channel.addEventListener(
    'message',
    ({ data }: MessageEvent<string | ArrayBuffer>) =>
      handlers.onData(typeof data === 'string' ? data : new Uint8Array(data)),
    { signal },
  );
  for (const name of ['open', 'close', 'bufferedamountlow'] as const) {
    channel.addEventListener(name, () => handlers.onState(), { signal });
  }
  return () => controller.abort();
}

/** False: closed, or too much waits already. */
export function push(channel: RTCDataChannel | undefined, label: DataChannelLabel, data: DataPayload): boolean {
  if (channel?.readyState !== 'open' || channel.bufferedAmount > BUFFER_LIMIT[label]) return false;
  try {
    // One overload each.
    if (typeof data === 'string') channel.send(data);
    else channel.send(data);
    return true;
  } catch {
    // Closing, or the browser's buffer is full after all.
    return false;
  }
}
