export { commitmentTo, saltOf } from './commitment.js';
export { formatEntry, parseEntry } from './entry.js';
export type { Entry } from './entry.js';
export { entryOf, formatOpening, parseOpening } from './opening.js';
export type { Opening } from './opening.js';
