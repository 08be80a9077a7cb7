import { IssuerUnavailable } from '#access';
import { StoreOverloaded } from '#event-store';
import type { Logger } from '#platform/logging';
import type { ArgumentsHost } from '@nestjs/common';

import { ProblemFilter } from './problem.filter.js';

const reply = { status: () => reply, headers: () => reply, type: () => reply, send: () => reply };
const request = { id: 'req_1', method: 'GET', url: '/v1/payments', routeOptions: { url: '/v1/payments' } };
const host = {
  switchToHttp: () => ({ getRequest: () => request, getResponse: () => reply }),
} as unknown as ArgumentsHost;

type Line = [level: 'error' | 'warn', line: Record<string, unknown>];

const filterAt = (clock: { now: number }) => {
  const lines: Line[] = [];
  const log = (level: Line[0]) => (line: Record<string, unknown>) => lines.push([level, line]);
  const logger = { error: log('error'), warn: log('warn') } as unknown as Logger;
  const filter = new ProblemFilter(logger, { denied: () => undefined }, () => clock.now);
  return {
    lines,
    fails: (error: unknown) => {
      filter.catch(error, host);
    },
  };
};

describe('what the api logs of requests that it could not answer', () => {
  it('is one line of a code in ten seconds while something is away, with how many it stands for, and no stack', () => {
    const clock = { now: 1_000_000 };
    const { lines, fails } = filterAt(clock);
    for (let at = 0; at < 500; at += 1) fails(new IssuerUnavailable());
    fails(new StoreOverloaded());
    clock.now += 10_000;
    fails(new IssuerUnavailable());
    expect(lines.map(([level, { code, unreported }]) => [level, code, unreported])).toEqual([
      ['warn', 'issuer_unavailable', undefined],
      ['warn', 'overloaded', undefined],
      ['warn', 'issuer_unavailable', 499],
    ]);
    expect(lines[0]?.[1]).toEqual({
      ...{ code: 'issuer_unavailable', requestId: 'req_1', route: '/v1/payments' },
      reason: expect.stringContaining('AUTH_JWKS_URL') as string,
    });
  });

  it('is each fault of ours, with its stack', () => {
    const { lines, fails } = filterAt({ now: 0 });
    const error = new TypeError('undefined is not a function');
    fails(error);
    fails(error);
    expect(lines.map(([level, { err }]) => [level, err])).toEqual([
      ['error', error],
      ['error', error],
    ]);
  });
});
