export { ClientHub } from '@efir/sfu';
export { Broadcaster } from './bots/http/broadcaster.js';
export { WhepViewer } from './bots/http/viewer.js';
export { loadClips } from './bots/media/clips.js';
export type { Quantiles, SwarmReport } from './bots/report.js';
export { MEASURED, PLAN_DEFAULTS, type Plan, type PlanInput, plan, shapeOf } from './plan/model.js';
