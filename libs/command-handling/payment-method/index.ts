export * from './commands.js';
export { confirmationTokenForm } from './confirmation-token.js';
export * from './dto.js';
export * from './handlers.js';
export * from '../tokens/index.js';
