import type { Fetch } from './http.js';
import { Http } from './http.js';

describe('requests of the client', () => {
  it('go by the fetch that it is given, which can show a client certificate, with a token of the moment', async () => {
    const asked: Parameters<Fetch>[] = [];
    const fetch: Fetch = (...request) => {
      asked.push(request);
      return Promise.resolve(Response.json({ id: 'p' }));
    };
    const http = new Http({ url: 'https://billing.internal:3443/', token: () => Promise.resolve('t'), fetch });
    expect(await http.json('/v1/payments/p', { tenantId: 'x' })).toEqual({ id: 'p' });
    expect(asked).toEqual([
      [
        'https://billing.internal:3443/v1/payments/p',
        {
          headers: { authorization: 'Bearer t', accept: 'application/json', 'billing-tenant': 'x' },
          redirect: 'error',
          signal: expect.any(AbortSignal) as AbortSignal,
        },
      ],
    ]);
  });
});
