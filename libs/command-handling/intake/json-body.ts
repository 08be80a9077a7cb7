import { holdsCardNumber } from '#platform/logging';
import { isUtf8 } from 'node:buffer';

import { InvalidInput } from './invalid-input.js';
import { wholeJsonProblem } from './json-text.js';

/** The largest body of a command, over HTTP and over Kafka. */
export const bodyLimitBytes = 64 * 1_024;

/**
 * The body of a command as an object: nothing at all counts as `{}`, every name once (RFC 7493), no `__proto__`. One that holds
 * what looks like a card number is refused before it reaches a log, a queue or a table (PCI SAQ-A: no card data, ever). Throws
 * InvalidInput for a body that no command could mean.
 */
export const bodyOf = (bytes: Buffer): object => {
  if (!isUtf8(bytes)) throw malformed('the body is not UTF-8');
  const text = bytes.toString();
  if (text.trim() === '') return {};
  if (holdsCardNumber(text)) throw cardNumberRefused(parsed(text));
  const value = parsed(text);
  if (value === undefined) throw malformed('the body is not valid JSON');
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidInput('invalid', 'invalid_type', 'the body must be a JSON object', 'body');
  const problem = wholeJsonProblem(text);
  if (problem) throw problem;
  // Digits may be written as \u0034, and numbers as 4.2e15: what counts is what they mean.
  if (writtenOtherwise.test(text) && holdsCardNumber(JSON.stringify(value))) throw cardNumberRefused(value);
  return value;
};

const writtenOtherwise = /\\|\d[eE]/;

const malformed = (message: string) => new InvalidInput('invalid', 'malformed_json', message, 'body');

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const cardNumberRefused = (value: unknown): InvalidInput => {
  const fields = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const [field] = fields.find(([, content]) => holdsCardNumber(JSON.stringify(content))) ?? ['body'];
  return new InvalidInput(
    'unprocessable',
    'raw_card_data',
    'the body holds what looks like a card number; send a token of the processor instead',
    holdsCardNumber(field) ? 'body' : field,
  );
};
