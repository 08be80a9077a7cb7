export * from './archive/index.js';
export * from './holds/index.js';
export * from './removal/index.js';
