import { TLSSocket } from 'node:tls';

import type { FastifyRequest } from 'fastify';

/**
 * Security headers, in the words that helmet gives for the options of security-headers.unit.spec.ts, which compares them: constants,
 * because helmet makes all of them anew for each request, which takes as long as all the rest of a small answer (docs/adr/0005).
 */
const always = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  // Not one of helmet's.
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
} as const;

/** Of answers to programs: a browser that shows one runs nothing and loads nothing. */
export const answerHeaders = {
  ...always,
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
} as const;

/** The styles that SwaggerModule writes into its page: its two style elements, and the attribute of what holds its icons. */
export const pageStyles = [
  "'sha256-/jDKvbQ8cdux+c5epDIqkjHbXDaIY8RucT1PmAe8FG4='",
  "'sha256-eaPyLWVdqMc60xuz5bTp2yBRgVpQSoUggte1+40ONPU='",
  "'sha256-ezdv1bOGcoOD7FKudKN0Y2Mb763O6qVtM8LT2mtanIU='",
] as const;

/** Of pages for people, such as /docs: their own scripts, and of the styles in them those known by their hash (CSP level 3). */
export const pageHeaders = {
  ...always,
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'unsafe-hashes' ${pageStyles.join(' ')}`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join(';'),
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
} as const;

const overTls = { 'strict-transport-security': 'max-age=31536000; includeSubDomains' } as const;
const answerHeadersOverTls = { ...answerHeaders, ...overTls };
const pageHeadersOverTls = { ...pageHeaders, ...overTls };

/** Where pages are. */
const pagesUnder = '/docs';

/** The security headers of whatever `request` is answered with. One of four objects that are never changed. */
export const securityHeadersOf = ({ raw, url }: FastifyRequest): Readonly<Record<string, string>> => {
  const isPage = url.startsWith(pagesUnder);
  if (raw.socket instanceof TLSSocket) return isPage ? pageHeadersOverTls : answerHeadersOverTls;
  return isPage ? pageHeaders : answerHeaders;
};
