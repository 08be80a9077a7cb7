export * from './action.js';
export * from './commands.js';
export * from './dto.js';
export * from './handlers.js';
export * from './presentation.js';
