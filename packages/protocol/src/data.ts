/**
 * Data beside media. The same three channels are on every connection, told apart by their label. In a mesh they are
 * negotiated in advance (`negotiated: true`, the ids below) and messages go as they are. To the SFU each message begins
 * with a header: one byte n, then n bytes of ASCII, the participant it is for (n = 0: all others in the room); what one
 * receives has the same header with the sender. While no channel is open to somebody, `say` carries messages over
 * Socket.IO; to those on other nodes it always does, `file` excepted.
 */
import { z } from 'zod';
import { ParticipantId } from './room.js';

export const DATA_CHANNELS = {
  /** In order and complete: chat, raised hands. */
  reliable: { id: 0, ordered: true },
  /** Sent once: positions, meters. */
  lossy: { id: 1, ordered: false, maxRetransmits: 0 },
  /** In order and complete, so large that it has its own: files. */
  file: { id: 2, ordered: true },
} as const;
export type DataChannelLabel = keyof typeof DATA_CHANNELS;

/** Characters of a message over `say`. */
export const MAX_SAID_LENGTH = 16_384;

/** `say`: the fall-back of the data channels. `to: null` is everybody else in the room. */
export const SayRequest = z.strictObject({
  to: ParticipantId.nullable(),
  channel: z.enum(['reliable', 'lossy']),
  data: z.string().max(MAX_SAID_LENGTH),
});
export type SayRequest = z.infer<typeof SayRequest>;

export interface SaidMessage {
  from: string;
  channel: SayRequest['channel'];
  data: string;
}

/** What our own app sends on `reliable`, as JSON. Receivers drop an `id` that they have seen: a message may come twice, by two ways. */
export const AppMessage = z.object({
  id: z.string().min(1).max(64),
  /** `chat`, `hand`, `reaction`; unknown ones are passed over. */
  kind: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  /** ms since the epoch, the sender's clock. */
  at: z.number(),
  body: z.unknown(),
});
export type AppMessage = z.infer<typeof AppMessage>;

export const MAX_FILE_BYTES = 20_000_000;
/** Of a file, in one binary message on `file`, after the 8 bytes of head: transfer number and sequence, both 32 bits, big endian. */
export const FILE_CHUNK_BYTES = 16_384;
/** That a sender may be ahead of the receiver's `progress`. */
export const FILE_WINDOW_BYTES = 1_048_576;

const transfer = z.number().int().min(0).max(0xffff_ffff);

/** Text messages on `file`. A transfer's number is its sender's choice, unique among theirs. */
export const FileControl = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('offer'),
    transfer,
    name: z.string().min(1).max(255),
    /** Bytes. */
    size: z.number().int().min(0).max(MAX_FILE_BYTES),
    /** MIME type. */
    type: z.string().max(255),
    /** Hexadecimal. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  z.object({ kind: z.literal('accept'), transfer }),
  /** Bytes received in order so far. */
  z.object({ kind: z.literal('progress'), transfer, bytes: z.number().int().min(0).max(MAX_FILE_BYTES) }),
  z.object({ kind: z.literal('cancel'), transfer, reason: z.string().max(200).optional() }),
  /** From the receiver: it is whole and its hash is right. */
  z.object({ kind: z.literal('done'), transfer }),
]);
export type FileControl = z.infer<typeof FileControl>;
