export * from './fold.js';
export * from './model.js';
export * from './queries.js';
export * from './view.js';
