export * from './model.js';
export * from './queries.js';
