export type { Quantiles, SwarmReport } from './bots/report.js';
export { MEASURED, PLAN_DEFAULTS, type Plan, type PlanInput, plan, shapeOf } from './plan/model.js';
