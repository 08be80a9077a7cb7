export * from './errors.js';
export * from './ids.js';
export type * from './news.js';
export type * from './objects.js';
export type * from './port.js';
