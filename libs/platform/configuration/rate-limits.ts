import { ConfigurationError } from './configuration-error.js';

/** So many requests within so many seconds. */
export interface RateLimit {
  readonly requests: number;
  readonly seconds: number;
}

/** Undefined: that one is off. */
export interface RateLimitSettings {
  /** Of all callers that act for one tenant. */
  tenant: RateLimit | undefined;
  /** Of one caller, whatever it asks for. */
  subject: RateLimit | undefined;
  /** Of one caller on one route; those of sensitive routes are off with it. */
  route: RateLimit | undefined;
  /** Requests of one network that were denied: beyond them nothing of it is looked at for as many seconds. */
  denied: RateLimit | undefined;
  /** Files of the audit log that one network asks for, which is open to everybody. */
  audit: RateLimit | undefined;
}

const form = /^([1-9]\d{0,8})\/([1-9]\d{0,3})$/;

/** Reads the RATE_LIMIT_ variables. Throws ConfigurationError for the first wrong one. */
export const readRateLimits = (environment: NodeJS.ProcessEnv): RateLimitSettings => ({
  tenant: limitOf(environment, 'RATE_LIMIT_TENANT', '60000/10'),
  subject: limitOf(environment, 'RATE_LIMIT_SUBJECT', '30000/10'),
  route: limitOf(environment, 'RATE_LIMIT_ROUTE', '30000/10'),
  denied: limitOf(environment, 'RATE_LIMIT_DENIED', '3000/10'),
  audit: limitOf(environment, 'RATE_LIMIT_AUDIT', '6000/60'),
});

/** One such variable. Throws ConfigurationError for a wrong one. */
export const limitOf = (environment: NodeJS.ProcessEnv, name: string, byDefault: string): RateLimit | undefined => {
  const set = environment[name] ?? '';
  if (set === '0') return undefined;
  const [, requests, seconds] = form.exec(set === '' ? byDefault : set) ?? [];
  if (Number(seconds) >= 1 && Number(seconds) <= 3_600) return { requests: Number(requests), seconds: Number(seconds) };
  throw new ConfigurationError(
    `${name} must be requests/seconds, such as ${byDefault} (at most 3600 seconds), or 0 for no limit`,
  );
};
