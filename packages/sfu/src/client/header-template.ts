/**
 * The RTP header of an outgoing stream with the header extensions a browser sends: transport-wide sequence number, audio
 * level, mid and rid. Written once; per packet only the numbers change. RFC 8285: one-byte form, two-byte if an id is above 14.
 */
import { type ExtensionIds, writeRtpHeader } from '@efir/rtc';

export interface ClientHeaderOptions {
  ssrc: number;
  payloadType: number;
  extensions: ExtensionIds;
  mid: string;
  /** Room for the audio level, if its id was negotiated. */
  audioLevel: boolean;
  /** The simulcast layer that the stream is. */
  rid?: string;
  /** Or that it repairs. */
  repairedRid?: string;
}

export interface ClientHeader {
  bytes: Uint8Array;
  /** Where the transport-wide number is; 0: not negotiated. */
  transportSequenceAt: number;
  /** Where the audio level is; 0: not there. */
  audioLevelAt: number;
}

const FIXED_BYTES = 12;

export function clientHeader(options: ClientHeaderOptions): ClientHeader {
  const { ssrc, payloadType, extensions, mid, audioLevel } = options;
  const elements: { id: number; bytes: number[]; name?: 'transportCc' | 'audioLevel' }[] = [];
  const { transportCc, audioLevel: levelId, mid: midId } = extensions;
  if (transportCc) elements.push({ id: transportCc, bytes: [0, 0], name: 'transportCc' });
  if (levelId && audioLevel) elements.push({ id: levelId, bytes: [127], name: 'audioLevel' });
  for (const [id, text] of [
    [midId, mid],
    [extensions.rid, options.rid],
    [extensions.repairedRid, options.repairedRid],
  ] as const) {
    if (id && text && text.length <= 16) elements.push({ id, bytes: [...text].map((c) => c.charCodeAt(0) & 0x7f) });
  }

  const twoByte = elements.some((element) => element.id > 14);
  const block: number[] = [];
  const at = { transportCc: 0, audioLevel: 0 };
  for (const { id, bytes, name } of elements) {
    if (twoByte) block.push(id, bytes.length);
    else block.push((id << 4) | (bytes.length - 1));
    if (name) at[name] = FIXED_BYTES + 4 + block.length;
    block.push(...bytes);
  }
  while (block.length % 4 !== 0) block.push(0);

  const extension = block.length > 0;
  const bytes = new Uint8Array(FIXED_BYTES + (extension ? 4 + block.length : 0));
  writeRtpHeader(bytes, 0, { marker: false, payloadType, sequence: 0, timestamp: 0, ssrc, extension });
  if (extension) bytes.set([...(twoByte ? [0x10, 0x00] : [0xbe, 0xde]), 0, block.length / 4, ...block], FIXED_BYTES);
  return { bytes, transportSequenceAt: at.transportCc, audioLevelAt: at.audioLevel };
}
