export { InvalidInput } from './invalid-input.js';
export type { FieldError } from './invalid-input.js';
export { bodyLimitBytes, bodyOf, holdsCardNumber } from './json-body.js';
export { validation } from './validation.js';
