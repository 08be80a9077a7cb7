export { reasonsToStay, removeExpired } from './remove.js';
export type { ReasonToStay, Removal, RemovalOptions } from './remove.js';
