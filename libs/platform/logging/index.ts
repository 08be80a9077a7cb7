export { passesLuhn } from './card-number.js';
export { createLogger } from './create-logger.js';
export type { LoggerOptions } from './create-logger.js';
export { nestLogger } from './nest-logger.js';
export { guardProcessOutput } from './process-output.js';
export type { ProcessOutput } from './process-output.js';
export { holdsCardNumber, scrubCardNumbers } from './scrub.js';
export type { Logger } from 'pino';
