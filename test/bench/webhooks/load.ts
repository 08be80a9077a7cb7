import { createHmac, randomUUID } from 'node:crypto';

import autocannon from 'autocannon';

import type { Measured } from '../report.js';

const seconds = 8;
const warmUpSeconds = 3;

/** What is sent to whom. */
export interface Target {
  url: string;
  next: () => { headers: Record<string, string>; body: string };
}

/** The rate at which a target answers 2xx to `connections` that each wait for their answer. Throws when any answer is another one. */
export const measured = async (target: Target, connections: number): Promise<Measured> => {
  await shoot(target, connections, warmUpSeconds);
  const result = await shoot(target, connections, seconds);
  if (result.non2xx + result.errors > 0)
    throw new Error(`${result.non2xx} answers were no success, ${result.errors} requests failed`);
  return { rate: result['2xx'] / result.duration, p50_ms: result.latency.p50, p99_ms: result.latency.p99 };
};

const shoot = ({ url, next }: Target, connections: number, duration: number): Promise<autocannon.Result> =>
  autocannon({
    url,
    connections,
    duration,
    requests: [
      {
        method: 'POST',
        setupRequest: (request) => {
          const { headers, body } = next();
          return { ...request, headers: { ...headers, 'content-type': 'application/json' }, body };
        },
      },
    ],
  });

/** An event of the size of Stripe's own, some 3 KiB. */
export const newEvent = (): string => {
  const id = randomUUID().replaceAll('-', '');
  return JSON.stringify(
    {
      id: `evt_${id}`,
      object: 'event',
      api_version: '2026-10-28.endive',
      created: 1_795_000_000,
      data: {
        object: {
          id: `pi_${id}`,
          object: 'payment_intent',
          amount: 1_999,
          amount_received: 1_999,
          capture_method: 'automatic',
          currency: 'usd',
          customer: `cus_${id}`,
          description: 'x'.repeat(2_000),
          latest_charge: `ch_${id}`,
          metadata: { tenantId: randomUUID(), paymentId: randomUUID(), attempt: '1' },
          status: 'succeeded',
        },
      },
      livemode: false,
      pending_webhooks: 1,
      request: { id: `req_${id}`, idempotency_key: randomUUID() },
      type: 'payment_intent.succeeded',
    },
    null,
    2,
  );
};

/** The header that Stripe sends with a body. */
export const signatureOf = (body: string, secret: string, t: number): string =>
  `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
