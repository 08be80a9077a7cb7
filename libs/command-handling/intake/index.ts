export { InvalidInput } from './invalid-input.js';
export type { FieldError } from './invalid-input.js';
export { bodyLimitBytes, bodyOf } from './json-body.js';
export { holdsCardNumber } from '#platform/logging';
export { validation } from './validation.js';
