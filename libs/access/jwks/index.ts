export { fixedKeys } from './fixed-keys.js';
export { IssuerKeys } from './issuer-keys.js';
export type { IssuerKeysOptions, KeyFetch } from './issuer-keys.js';
export { keyFetchObserver, observeKeysAge } from './observe-keys.js';
