/** What nodes say to each other about broadcasts. `home` is the node that answers for one, `edges` carry it further. */
import { DisplayName, RoomInfo, RoomSettings } from '@efir/protocol';
import { z } from 'zod';
import { NodeId, RoomName } from '../cluster/schema.js';

const Viewers = z.number().int().min(0).max(10_000_000);

/** Where a node is in a broadcast's tree. No parent: it is to leave. */
export const Assignment = z.strictObject({
  parent: NodeId.nullable(),
  /** To pull from as well, standing by. */
  backup: NodeId.nullable(),
  depth: z.number().int().min(0).max(16),
});
export type Assignment = z.infer<typeof Assignment>;

/** To the home: give me a place in the tree. */
export const ATTACH = 'broadcast-attach';
export const Attach = z.strictObject({
  type: z.literal(ATTACH),
  room: RoomName,
  viewers: Viewers,
  /** From which it pulls already. */
  parent: NodeId.nullable(),
  /** From which it can't, though that node lives. */
  failed: NodeId.optional(),
});
/** Null: there is no place now. */
export const Attached = z.strictObject({ assignment: Assignment.nullable(), settings: RoomSettings });

/** To an edge. */
export const ASSIGN = 'broadcast-assign';
export const Assign = z.strictObject({
  type: z.literal(ASSIGN),
  room: RoomName,
  assignment: Assignment,
  /** The broadcast has ended: also for those who watch. */
  over: z.boolean(),
});

/** To the home: where is this one to go? Publishers go to the home. */
export const PLACE = 'broadcast-place';
export const Place = z.strictObject({
  type: z.literal(PLACE),
  room: RoomName,
  role: z.enum(['viewer', 'publisher']),
  /** That a token gives them. */
  name: DisplayName.optional(),
  /** Nodes that can't take them. */
  except: z.array(NodeId).max(64),
});
export const PlaceReply = z.union([
  z.strictObject({ node: NodeId, url: z.string().max(300), ticket: z.string().max(64) }),
  z.strictObject({ node: z.null(), retryAfterSeconds: z.number().int().min(1).max(600), reason: z.string().max(200) }),
]);
export type PlaceReply = z.infer<typeof PlaceReply>;

/** To the home: somebody came with this ticket. The answer: whether it is good. */
export const REDEEM = 'broadcast-redeem';
export const Redeem = z.strictObject({ type: z.literal(REDEEM), room: RoomName, ticket: z.string().min(1).max(64) });
export const RedeemReply = z.strictObject({
  role: z.enum(['viewer', 'publisher']).nullable(),
  name: DisplayName.optional(),
});
/** What a ticket lets its bearer do; `role` null: nothing. */
export type RedeemReply = z.infer<typeof RedeemReply>;

/** To the home: its settings are read, changed, or the broadcast is over. */
export const SETTINGS = 'broadcast-settings';
export const Settings = z.strictObject({
  type: z.literal(SETTINGS),
  room: RoomName,
  act: z.discriminatedUnion('do', [
    z.strictObject({ do: z.literal('get') }),
    z.strictObject({ do: z.literal('put'), settings: RoomSettings }),
    z.strictObject({ do: z.literal('remove') }),
  ]),
});
export type SettingsAct = z.infer<typeof Settings>['act'];
export const SettingsReply = z.union([RoomInfo, z.null()]);

/** To who became home meanwhile: the publishers are here, let me have it back. */
export const YIELD = 'broadcast-yield';
export const Yield = z.strictObject({ type: z.literal(YIELD), room: RoomName });
export const YieldReply = z.strictObject({ yielded: z.boolean() });

/** To who is to be home next: pull it from this one, which will send on what its publishers send until they have come over. */
export const ADOPT = 'broadcast-adopt';
/** To who is home now, as the one before says. */
export const TAKE = 'broadcast-take';
const handed = { room: RoomName, settings: RoomSettings };
export const Adopt = z.strictObject({ type: z.literal(ADOPT), ...handed });
export const Take = z.strictObject({ type: z.literal(TAKE), ...handed });

/** What each node that carries a broadcast announces of itself. */
export const Presence = z.strictObject({
  role: z.enum(['home', 'edge']),
  viewers: Viewers,
  publishers: Viewers,
  parent: NodeId.nullable(),
  depth: z.number().int().min(0).max(16),
  /** To the parent. */
  rttMs: z.number().min(0).max(60_000).nullable(),
});
export type Presence = z.infer<typeof Presence>;

export const HomeSettings = z.looseObject({ kind: z.literal('broadcast'), settings: RoomSettings });
