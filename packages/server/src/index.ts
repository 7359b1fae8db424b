export type { Grant } from './auth/grant.js';
export { bearerToken, Tokens } from './auth/tokens.js';
export { type TurnCredentials, turnCredentials } from './auth/turn.js';
export type {
  Cluster,
  ClusterCounters,
  ClusterEvents,
  HomeRecord,
  NodeRecord,
  RequestHandler,
  RoomListener,
} from './cluster/cluster.js';
export { ClusterError, type ClusterErrorCode } from './cluster/errors.js';
export { ClusterMemory, MemoryCluster } from './cluster/memory.js';
export { type OpenClusterOptions, openCluster, openPlacement } from './cluster/open.js';
export type { Demand, PlacementNode } from './cluster/placement/demand.js';
export { ExpressionError } from './cluster/placement/expression.js';
export { PLACEMENT_POLICIES, type Placed, Placement, type PlacementPolicy } from './cluster/placement/placement.js';
export { compileRules, type RuleSet, splitRules } from './cluster/placement/rules.js';
export { RedisCluster, type RedisClusterOptions } from './cluster/redis/redis-cluster.js';
export type { ClusterMessage, HomeFacts, NodeInfo, NodeLimits, NodeLoad, NodeReport } from './cluster/schema.js';
export { MAX_DEPTH, type TreeFacts } from './cluster/tree/parent.js';
export { Tree, type TreeMove, type TreeNodeView, type TreeSettings } from './cluster/tree/tree.js';
export { parseBitrate } from './config/bitrate.js';
export { type ConfigSources, type Flags, loadConfig } from './config/load.js';
export { environmentName, flagName, OPTIONS, type Option } from './config/options.js';
export { RateLimits, ServerConfig, type ServerConfigInput } from './config/schema.js';
export { ServerError, StartError } from './errors.js';
export type { MediaWorker, MediaWorkers, MediaWorkersEvents } from './media/workers.js';
export { type Parts, type RunningServer, startServer } from './server.js';
