/** The options of a node among others, see `options.ts`. */
import type { Option } from './options.js';

export const CLUSTER_OPTIONS: readonly Option[] = [
  {
    key: 'redis',
    type: 'string',
    value: 'url',
    help: 'be one node of many, which find each other there',
    example: '--redis redis://10.0.0.5:6379',
  },
  {
    key: 'clusterSecret',
    type: 'string',
    value: 'secret',
    help: 'the same for all nodes; signs what they say to each other',
    example: '--cluster-secret "$(openssl rand -hex 24)"',
  },
  {
    key: 'nodeId',
    type: 'string',
    value: 'name',
    help: 'of this node; no other may have it (default: the host and something random)',
    example: '--node-id east-1',
  },
  {
    key: 'region',
    type: 'string',
    value: 'name',
    help: 'nodes of one region are near each other',
    example: '--region eu-west',
  },
  {
    key: 'maxViewers',
    type: 'number',
    value: 'n',
    help: 'viewers of broadcasts on this node; more go to others (default 100)',
    example: '--max-viewers 100',
  },
  {
    key: 'maxBandwidth',
    type: 'string',
    value: 'bps',
    help: 'media that this node sends at most',
    example: '--max-bandwidth 800m',
  },
  {
    key: 'maxStreams',
    type: 'number',
    value: 'n',
    help: 'streams that this node sends at most',
    example: '--max-streams 20000',
  },
  {
    key: 'maxChildren',
    type: 'number',
    value: 'n',
    help: 'nodes that pull one broadcast from this one at most (default 8)',
    example: '--max-children 8',
  },
  {
    key: 'publicUrl',
    type: 'string',
    value: 'url',
    help: 'where clients and other nodes reach this one (default: its first address)',
    example: '--public-url https://east-1.example.org',
  },
  {
    key: 'placement',
    type: 'string',
    value: 'policy',
    help: 'which node the next one goes to: mix, cpu, bandwidth, streams or rules (default mix)',
    example: '--placement cpu',
  },
  {
    key: 'placementRules',
    type: 'string',
    value: 'rules',
    help: 'for the policy rules, separated by semicolons',
    example: `--placement-rules 'prefer node.region == client.region; score node.cpu'`,
  },
  {
    key: 'adminToken',
    type: 'string',
    value: 'token',
    help: 'for the admin page and for draining nodes; without one there is neither',
    example: '--admin-token "$(openssl rand -hex 24)"',
  },
];
