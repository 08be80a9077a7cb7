import { HttpProblem } from './errors.js';
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

  it('give a text as it is, and try again where the service cannot answer for a moment', async () => {
    const receipt = 'c2sp.org/tlog-proof@v1\nindex 7\n';
    const statuses: number[] = [];
    const accepted: (string | undefined)[] = [];
    const fetch: Fetch = (_url, { headers }) => {
      accepted.push(headers.accept);
      return Promise.resolve(new Response(receipt, { status: statuses.shift() ?? 200 }));
    };
    const http = new Http({ url: 'https://billing.internal', token: () => Promise.resolve('t'), fetch });
    expect(await http.text('/v1/audit/events/e/proof')).toBe(receipt);
    statuses.push(503);
    expect(await http.text('/v1/audit/events/e/proof')).toBe(receipt);
    statuses.push(409);
    await expect(http.text('/v1/audit/events/e/proof')).rejects.toThrow(HttpProblem);
    expect(accepted).toEqual(Array.from({ length: 4 }, () => 'text/plain'));
  });
});
