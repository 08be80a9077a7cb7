export { balancesOf, postingsOf } from './postings.js';
export type { Account, Posting } from './postings.js';
