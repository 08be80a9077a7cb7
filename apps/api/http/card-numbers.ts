import { ProblemError, endConnection } from '#platform/http';
import { holdsCardNumber } from '#platform/logging';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/**
 * The headers that something is made of, and so might be kept. Others are read by nobody, and may hold what they like: ids of traces are
 * long numbers, too.
 */
const readHeaders = [
  'Idempotency-Key',
  'Billing-Reason',
  'Billing-Tenant',
  'Billing-Min-Position',
  'Last-Event-ID',
  'Prefer',
].map((name) => ({ name, key: name.toLowerCase() }));

/**
 * Refuses what holds anything like a card number in its path, its query or a header that we read, before it gets any further; bodies
 * are looked at where they are read. Comes after the look at who asks, so that nobody learns here what a stranger's answer would not say.
 */
export const refuseCardNumbers = (fastify: FastifyInstance): void => {
  fastify.addHook('preParsing', (request, reply, _payload, done) => {
    const field = fieldWithCardNumber(request);
    if (field === undefined) {
      done();
      return;
    }
    if (!request.raw.complete) endConnection(request, reply); // nobody is going to read the rest of it
    done(
      new ProblemError(
        422,
        'raw_card_data',
        `the ${field} holds what looks like a card number; send a token of the processor instead`,
        { field },
      ),
    );
  });
};

/** Where it is: `path`, `query` or the name of a header. */
const fieldWithCardNumber = ({ url, headers }: Pick<FastifyRequest, 'url' | 'headers'>): string | undefined => {
  if (holdsCardNumber(url) || (url.includes('%') && holdsCardNumber(decoded(url))))
    return holdsCardNumber(decoded(url.split('?', 1)[0] ?? '')) ? 'path' : 'query';
  return readHeaders.find(({ key }) => headers[key] !== undefined && holdsCardNumber(String(headers[key])))?.name;
};

/** As it is read: what is not well encoded, the router has refused in a path, and nobody decodes in a query. */
const decoded = (url: string): string => {
  try {
    return decodeURIComponent(url.replaceAll('+', ' '));
  } catch {
    return url;
  }
};
