/** What can be set about a node among others, and what of it must go together. */
import { z } from 'zod';
import { ExpressionError } from '../cluster/placement/expression.js';
import { PLACEMENT_POLICIES } from '../cluster/placement/placement.js';
import { compileRules, splitRules } from '../cluster/placement/rules.js';
import { DEFAULT_CHILDREN } from '../cluster/schema.js';
import { parseBitrate } from './bitrate.js';

const NAME = 'is 1 to 64 letters, digits, dots, - or _';
const Name = z.string(NAME).regex(/^[A-Za-z0-9._-]{1,64}$/, NAME);
const BITRATE = 'is a bit rate such as 800m or 10g';

const Secret = z
  .string()
  .min(16, 'is 16 characters or more')
  .max(1024, 'is 1024 characters at most')
  // The one for administrators travels as a bearer token.
  .regex(/^[\x21-\x7e]+$/, 'is ASCII without spaces');

const HttpUrl = z
  .string()
  .max(300)
  .refine((text) => isUrl(text, ['http:', 'https:']), 'is an http:// or https:// address without a path')
  .refine((text) => !URL.canParse(text) || new URL(text).pathname === '/', 'is an address without a path')
  .transform((text) => new URL(text).origin);

function isUrl(text: string, protocols: string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol);
}

export const clusterShape = {
  /** `redis://`, or `rediss://` over TLS; the memory of the cluster. Without it this is the only node. */
  redis: z
    .string()
    .max(1000)
    .refine((text) => isUrl(text, ['redis:', 'rediss:']), 'is a redis:// or rediss:// address')
    .optional(),
  /** All nodes have the same: it signs what they say to each other. */
  clusterSecret: Secret.optional(),
  /** No two nodes have the same; default: the host's name and something random. */
  nodeId: Name.optional(),
  /** Nodes of one region are near each other. */
  region: Name.optional(),
  /** Who only receive, in all rooms of this node. */
  maxViewers: z
    .number('is 0 to 1000000')
    .int('is a whole number')
    .min(0, 'is 0 to 1000000')
    .max(1_000_000, 'is 0 to 1000000')
    .default(100),
  /** Media sent by this node, bit/s. */
  maxBandwidth: z
    .union([z.number(), z.string()], BITRATE)
    .transform((given, context) => {
      const bps = parseBitrate(String(given));
      if (bps !== null && bps <= 1e13) return bps;
      context.addIssue({ code: 'custom', message: BITRATE });
      return z.NEVER;
    })
    .optional(),
  /** Streams sent by this node. */
  maxStreams: z
    .number('is 1 to 1000000000')
    .int('is a whole number')
    .min(1, 'is 1 to 1000000000')
    .max(1e9, 'is 1 to 1000000000')
    .optional(),
  /** Nodes that pull one broadcast from this one at most. */
  maxChildren: z
    .number('is 1 to 1000')
    .int('is a whole number')
    .min(1, 'is 1 to 1000')
    .max(1000, 'is 1 to 1000')
    .default(DEFAULT_CHILDREN),
  /** Where clients and other nodes reach this one; default: its first address and port. */
  publicUrl: HttpUrl.optional(),
  placement: z.enum(PLACEMENT_POLICIES, `is one of ${PLACEMENT_POLICIES.join(', ')}`).default('mix'),
  /** With the policy `rules`. */
  placementRules: z
    .union([z.string().max(20_000), z.array(z.string()).max(100)], 'are lines of text')
    .transform((given) => (Array.isArray(given) ? given : [given]).flatMap(splitRules))
    .superRefine((lines, context) => {
      try {
        compileRules(lines);
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        context.addIssue({ code: 'custom', message: error.message });
      }
    })
    .default([]),
  /** Whoever has it sees the whole cluster and may drain nodes. */
  adminToken: Secret.optional(),
};

interface ClusterSettings {
  redis?: string;
  clusterSecret?: string;
  placement: string;
  placementRules: string[];
}

/** What is missing beside what is there: key and sentence. */
export function clusterGaps(config: ClusterSettings): [keyof ClusterSettings, string][] {
  const gaps: [keyof ClusterSettings, string][] = [];
  if (config.redis && !config.clusterSecret) gaps.push(['clusterSecret', 'is needed with Redis']);
  if (config.clusterSecret && !config.redis) gaps.push(['redis', 'is needed with a cluster secret']);
  if (config.placement === 'rules' && config.placementRules.length === 0) {
    gaps.push(['placementRules', 'are needed for placement by rules']);
  }
  if (config.placement !== 'rules' && config.placementRules.length > 0) {
    gaps.push(['placement', 'must be rules where there are rules']);
  }
  return gaps;
}
