import helmet from '@fastify/helmet';
import type { FastifyHelmetOptions } from '@fastify/helmet';
import { fastify } from 'fastify';

import { answerHeaders, pageHeaders, pageStyles } from './security-headers.js';

/** What helmet answers with under `options`. */
const helmetWith = async (options: FastifyHelmetOptions): Promise<Record<string, unknown>> => {
  const app = fastify();
  await app.register(helmet, options);
  app.get('/', () => '');
  const { headers } = await app.inject('/');
  await app.close();
  return headers;
};

const none = ["'none'"];

describe('security headers', () => {
  it('of an answer are in the words of helmet', async () => {
    const { 'permissions-policy': _, ...ours } = answerHeaders;
    expect(
      await helmetWith({
        contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: none, frameAncestors: none } },
      }),
    ).toMatchObject(ours);
  });

  it('of a page are too', async () => {
    const { 'permissions-policy': _, ...ours } = pageHeaders;
    expect(
      await helmetWith({
        xFrameOptions: { action: 'deny' },
        contentSecurityPolicy: {
          useDefaults: false,
          directives: {
            defaultSrc: none,
            scriptSrc: ["'self'"],
            styleSrc: ["'self'", "'unsafe-hashes'", ...pageStyles],
            imgSrc: ["'self'", 'data:'],
            connectSrc: ["'self'"],
            baseUri: none,
            formAction: none,
            frameAncestors: none,
          },
        },
      }),
    ).toMatchObject(ours);
  });
});
