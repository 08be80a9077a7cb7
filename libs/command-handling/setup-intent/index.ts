export * from './commands.js';
export * from './dto.js';
export * from './handlers.js';
