export { DirectoryStore } from './directory/index.js';
export type { DirectoryStoreOptions } from './directory/index.js';
export { ObjectStoreUnavailable, ObjectTooLarge } from './errors.js';
export type { ObjectStore, ReadOptions, Retention } from './object-store.js';
export { openObjectStore } from './open-object-store.js';
export type { OpenObjectStoreOptions } from './open-object-store.js';
export { S3Store } from './s3/index.js';
export type { S3StoreOptions } from './s3/index.js';
export { ObjectStoreUnfit } from './unfit.js';
