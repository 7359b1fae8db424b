export * from './ntp.js';
export * from './parse.js';
export * from './reception.js';
export * from './write.js';
