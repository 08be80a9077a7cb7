export * from './commands.js';
export * from './dto.js';
export * from './expire-handler.js';
export * from './handlers.js';
export * from './returns.js';
export * from './standing.js';
