/** Faults that tests ask for: the next requests that match go wrong as a network or Stripe itself can go wrong. */
import { randomText } from '../state/ids.js';
import type { StripeError } from '../wire/errors.js';
import { keyInUse, lockTimeout, rateLimited } from '../wire/errors.js';
import { assertNames, integerWithin, isRecord, wrongField } from '../wire/json.js';

const kinds = ['delay', 'timeout_after_effect', 'rate_limited', 'server_error', 'reset', 'conflict'] as const;

export interface Fault {
  id: string;
  match: {
    method?: 'GET' | 'POST' | 'DELETE';
    /** Beginning of the path by whole segments; `*` is any one segment, `$` at the end wants the whole path. */
    path?: string;
    /** Requests still to be hit. */
    times: number;
  };
  fault: (typeof kinds)[number];
  /** For server_error and reset: the request does its work first. */
  afterEffect: boolean;
  /** For conflict. */
  code: 'lock_timeout' | 'idempotency_key_in_use';
  /** Of `delay` before the work, of `timeout_after_effect` before the connection is cut without an answer. */
  delayMs: number;
}

const MOST_FAULTS = 100;
const MOST_TIMES = 100_000;
const LONGEST_DELAY_MS = 600_000;
/** stripe-node gives up on a request after 80 s. */
const CLIENT_TIMEOUT_MS = 80_000;

const matchesPath = (pattern: string, path: string): boolean => {
  const isWhole = pattern.endsWith('$');
  const wanted = (isWhole ? pattern.slice(0, -1) : pattern).split('/');
  const given = path.split('/');
  if (isWhole ? wanted.length !== given.length : wanted.length > given.length) return false;
  return wanted.every((segment, index) => segment === '*' || segment === given[index]);
};

/** Reads what `POST /sandbox/faults` was sent. Throws a 400 StripeError that names the field. */
export const parseFault = (body: unknown): Fault => {
  if (!isRecord(body)) throw wrongField('body', 'The body must be a JSON object.');
  assertNames(body, ['match', 'fault', 'afterEffect', 'code', 'delayMs'], '');
  const match = body.match ?? {};
  if (!isRecord(match)) throw wrongField('match', 'match must be an object.');
  assertNames(match, ['method', 'path', 'times'], 'match.');
  const { method, path } = match;
  if (method !== undefined && method !== 'GET' && method !== 'POST' && method !== 'DELETE') {
    throw wrongField('match.method', 'match.method must be GET, POST or DELETE.');
  }
  if (path !== undefined && (typeof path !== 'string' || !path.startsWith('/') || path.length > 300)) {
    throw wrongField('match.path', 'match.path must be a path that begins with /.');
  }
  const fault = kinds.find((kind) => kind === body.fault);
  if (fault === undefined) throw wrongField('fault', `fault must be one of ${kinds.join(', ')}.`);
  const { afterEffect = false, code = 'lock_timeout' } = body;
  if (typeof afterEffect !== 'boolean') throw wrongField('afterEffect', 'afterEffect must be a boolean.');
  if (code !== 'lock_timeout' && code !== 'idempotency_key_in_use') {
    throw wrongField('code', 'code must be lock_timeout or idempotency_key_in_use.');
  }
  return {
    id: `fault_${randomText(12)}`,
    match: {
      ...(method !== undefined && { method }),
      ...(path !== undefined && { path }),
      times: integerWithin(match.times, 'match.times', 1, MOST_TIMES, 1),
    },
    fault,
    afterEffect,
    code,
    delayMs: integerWithin(body.delayMs, 'delayMs', 0, LONGEST_DELAY_MS, fault === 'delay' ? 1_000 : CLIENT_TIMEOUT_MS),
  };
};

export class Faults {
  private armed: Fault[] = [];

  /** Throws a 400 StripeError when a hundred are armed already. */
  arm(fault: Fault): Fault {
    if (this.armed.length >= MOST_FAULTS)
      throw wrongField('fault', `At most ${String(MOST_FAULTS)} faults can be armed.`);
    this.armed.push(fault);
    return fault;
  }

  list(): readonly Fault[] {
    return this.armed;
  }

  clear(): void {
    this.armed = [];
  }

  /** The first armed fault for this request, used up by one. */
  take(method: string, path: string): Fault | undefined {
    if (this.armed.length === 0) return undefined;
    const fault = this.armed.find(
      ({ match }) =>
        (match.method === undefined || match.method === method) &&
        (match.path === undefined || matchesPath(match.path, path)),
    );
    if (!fault) return undefined;
    fault.match.times -= 1;
    if (fault.match.times === 0) this.armed = this.armed.filter((each) => each !== fault);
    return fault;
  }

  /** Takes back a use that hit nothing. */
  giveBack(fault: Fault): void {
    fault.match.times += 1;
    if (!this.armed.includes(fault)) this.armed.unshift(fault);
  }
}

/** The error with which a fault answers at once, if it is one that does. */
export const faultError = (fault: Fault, key: string | undefined): StripeError | undefined => {
  if (fault.fault === 'rate_limited') return rateLimited();
  if (fault.fault !== 'conflict') return undefined;
  return fault.code === 'lock_timeout' ? lockTimeout() : keyInUse(key ?? '');
};
