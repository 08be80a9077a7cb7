import { ConfigurationError } from './configuration-error.js';
import { readRateLimits } from './rate-limits.js';

describe('the rate limits', () => {
  it('leave room for the load that we measure ourselves: 1,500 requests a second of one caller', () => {
    const { tenant, subject, route } = readRateLimits({});
    for (const limit of [tenant, subject, route])
      expect((limit?.requests ?? 0) / (limit?.seconds ?? 1)).toBeGreaterThanOrEqual(2 * 1_500);
  });

  it('are what the settings say, and off where they say 0', () => {
    expect(
      readRateLimits({
        RATE_LIMIT_TENANT: '100/60',
        RATE_LIMIT_SUBJECT: '0',
        RATE_LIMIT_ROUTE: '',
        RATE_LIMIT_DENIED: '7/3600',
        RATE_LIMIT_AUDIT: '8/60',
      }),
    ).toEqual({
      tenant: { requests: 100, seconds: 60 },
      subject: undefined,
      route: { requests: 30_000, seconds: 10 },
      denied: { requests: 7, seconds: 3_600 },
      audit: { requests: 8, seconds: 60 },
    });
  });

  it.each(['RATE_LIMIT_TENANT', 'RATE_LIMIT_SUBJECT', 'RATE_LIMIT_ROUTE', 'RATE_LIMIT_DENIED', 'RATE_LIMIT_AUDIT'])(
    'are checked: %s',
    (name) => {
      for (const wrong of [
        '100',
        '0/10',
        '10/0',
        '-1/10',
        '10/3601',
        '1e3/10',
        '10/10s',
        'off',
        '1000000000/10',
        ' 1/1',
      ])
        expect(() => readRateLimits({ [name]: wrong })).toThrow(ConfigurationError);
      expect(() => readRateLimits({ [name]: 'off' })).toThrow(`${name} must be requests/seconds`);
    },
  );
});
