import { bodyLimitBytes, bodyOf } from '#command-handling';
import type { FastifyInstance } from 'fastify';

/** Parses JSON bodies, and nothing else. */
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
