export * from './derived-id.js';
export * from './envelope.js';
export * from './registry.js';
export * from './topics.js';
export * from './upcasters.js';
