import { z } from 'zod';

/** Why a request was refused. `message` is a sentence for people, in English. */
export const ErrorReply = z.object({
  code: z.enum([
    'bad-request',
    'bad-sdp',
    'unauthorized',
    'forbidden',
    'not-found',
    'conflict',
    'too-large',
    'unsupported',
    'rate-limited',
    'room-full',
    'unavailable',
    'elsewhere',
    'internal',
  ]),
  message: z.string().max(500),
  /** With `elsewhere`: the address of the server to ask instead, `https://b.example.org`. */
  url: z.string().max(300).optional(),
});
export type ErrorReply = z.infer<typeof ErrorReply>;
