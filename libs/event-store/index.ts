export * from './append.js';
export * from './batcher.js';
export * from './event-filter.js';
export * from './event-line.js';
export * from './recorded.js';
export * from './shard.js';
export * from './stream-reader.js';
export * from './tenant-events.js';
