export { DirectoryStore } from './directory-store.js';
export type { DirectoryStoreOptions } from './directory-store.js';
