import { DisplayName, RoomId } from '@efir/protocol';
import { z } from 'zod';

/** What someone may do in a room. */
export interface Grant {
  /** Set by the token: not theirs to choose. */
  name?: string;
  publish: boolean;
  subscribe: boolean;
}

/** As it is in a JWT. */
export const GrantClaims = z.object({
  room: RoomId,
  name: DisplayName.optional(),
  publish: z.boolean().default(true),
  subscribe: z.boolean().default(true),
});

export function grantOf({ name, publish, subscribe }: z.output<typeof GrantClaims>): Grant {
  return { publish, subscribe, ...(name !== undefined && { name }) };
}
