export * from './worker/control.js';
