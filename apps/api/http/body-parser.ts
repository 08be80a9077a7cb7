import { scrubCardNumbers } from '#platform/logging';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import { ProblemError } from './problem.js';

export const bodyLimitBytes = 64 * 1_024;

/**
 * Parses JSON bodies: objects only, nothing at all counts as `{}`, no `__proto__`. A body that holds what looks like a card
 * number is refused before it reaches a log, a queue or a table (PCI SAQ-A: no card data, ever).
 */
export const acceptJson = (fastify: FastifyInstance): void => {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: bodyLimitBytes },
    (request: FastifyRequest, body: string, done) => {
      if (body.trim() === '') {
        done(null, {});
        return;
      }
      if (scrubCardNumbers(body) !== body) {
        done(
          new ProblemError(
            422,
            'raw_card_data',
            'the body holds what looks like a card number; send a token of the processor instead',
          ),
        );
        return;
      }
      void parse(request, body, (error, value: unknown) => {
        if (error) done(new ProblemError(400, 'malformed_json', 'the body is not valid JSON'));
        else if (typeof value !== 'object' || value === null || Array.isArray(value)) {
          done(new ProblemError(400, 'invalid_type', 'the body must be a JSON object', { field: 'body' }));
        } else done(null, value);
      });
    },
  );
};
