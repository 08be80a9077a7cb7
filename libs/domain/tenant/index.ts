export type * from './commands.js';
export type * from './events.js';
export { maxReason, reasonForm, reasonWords } from './reason.js';
export * from './tenant.js';
