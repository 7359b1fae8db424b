export type { Quantiles, SwarmReport } from './bots/report.js';
