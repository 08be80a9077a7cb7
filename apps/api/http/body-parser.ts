import { scrubCardNumbers } from '#platform/logging';
import type { FastifyInstance } from 'fastify';
import { isUtf8 } from 'node:buffer';

import { wholeJsonProblem } from './json-text.js';
import { ProblemError } from './problem.js';

export const bodyLimitBytes = 64 * 1_024;

/**
 * Parses JSON bodies: objects only, nothing at all counts as `{}`, every name once (RFC 7493), no `__proto__`. A body that holds
 * what looks like a card number is refused before it reaches a log, a queue or a table (PCI SAQ-A: no card data, ever).
 */
export const acceptJson = (fastify: FastifyInstance): void => {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: bodyLimitBytes },
    (_request, bytes: Buffer, done) => {
      try {
        done(null, bodyOf(bytes));
      } catch (error) {
        done(error as Error);
      }
    },
  );
};

/** The body as an object. Throws ProblemError for one that no command could mean. */
export const bodyOf = (bytes: Buffer): object => {
  if (!isUtf8(bytes)) throw new ProblemError(400, 'malformed_json', 'the body is not UTF-8', { field: 'body' });
  const text = bytes.toString();
  if (text.trim() === '') return {};
  if (holdsCardNumber(text)) throw cardNumberRefused(parsed(text));
  const value = parsed(text);
  if (value === undefined)
    throw new ProblemError(400, 'malformed_json', 'the body is not valid JSON', { field: 'body' });
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ProblemError(400, 'invalid_type', 'the body must be a JSON object', { field: 'body' });
  const problem = wholeJsonProblem(text);
  if (problem) throw problem;
  // Digits may be written as \u0034: what counts is what they mean.
  if (text.includes('\\') && holdsCardNumber(JSON.stringify(value))) throw cardNumberRefused(value);
  return value;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const holdsCardNumber = (text: string): boolean => scrubCardNumbers(text) !== text;

const cardNumberRefused = (value: unknown): ProblemError => {
  const fields = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const [field] = fields.find(([, content]) => holdsCardNumber(JSON.stringify(content))) ?? ['body'];
  return new ProblemError(
    422,
    'raw_card_data',
    'the body holds what looks like a card number; send a token of the processor instead',
    { field: holdsCardNumber(field) ? 'body' : field },
  );
};
