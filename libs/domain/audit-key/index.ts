export * from './audit-keys.js';
export type * from './commands.js';
export type * from './events.js';
