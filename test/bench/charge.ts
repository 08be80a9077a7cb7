import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import autocannon from 'autocannon';

import type { Standalone } from '../standalone/index.js';
import { startStandalone } from '../standalone/index.js';
import type { Measured, Row } from './report.js';
import { rowOf } from './report.js';

const seconds = 10;
const warmUpSeconds = 4;

export interface Target {
  url: string;
  headers: Record<string, string>;
  /** The body of the next request. */
  body: () => string;
}

/** Sends requests for `duration` seconds over so many connections. */
export const shoot = (target: Target, connections: number, duration: number): Promise<autocannon.Result> =>
  autocannon({
    url: target.url,
    connections,
    duration,
    requests: [
      {
        method: 'POST',
        setupRequest: (request) => ({
          ...request,
          headers: { ...target.headers, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
          body: target.body(),
        }),
      },
    ],
  });

const measured = async (target: Target, connections: number): Promise<Measured> => {
  await shoot(target, connections, warmUpSeconds);
  const result = await shoot(target, connections, seconds);
  if (result.non2xx + result.errors > 0)
    throw new Error(`${result.non2xx} answers were no success, ${result.errors} requests failed`);
  return { rate: result['2xx'] / result.duration, p50_ms: result.latency.p50, p99_ms: result.latency.p99 };
};

const post = async (standalone: Standalone, token: string, path: string, body: unknown): Promise<{ id: string }> => {
  const response = await fetch(`${standalone.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    body: JSON.stringify(body),
  });
  if (response.status !== 201) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as { id: string };
};

/** Charges of 20 customers, one after the other. */
export const chargesOf = async (standalone: Standalone): Promise<Target> => {
  const token = await standalone.token();
  const bodies: string[] = [];
  for (let at = 0; at < 20; at += 1) {
    const customer = await post(standalone, token, '/v1/customers', { email: `${randomUUID()}@example.com` });
    const card = await post(standalone, token, `/v1/customers/${customer.id}/payment-methods`, {
      type: 'card',
      processorToken: 'pm_card_visa',
    });
    bodies.push(JSON.stringify({ amount: 1_999, currency: 'usd', customerId: customer.id, paymentMethodId: card.id }));
  }
  let next = 0;
  return {
    url: `${standalone.url}/v1/payments`,
    headers: { authorization: `Bearer ${token}` },
    body: () => bodies[next++ % bodies.length] ?? '',
  };
};

const reference = async (standalone: Standalone, connections: number): Promise<Measured> => {
  const child = fork(fileURLToPath(new URL('./reference-server.js', import.meta.url)), {
    env: { ...process.env, DATABASE_URL: standalone.adminUrl() },
  });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  const body = JSON.stringify({
    amount: 1_999,
    currency: 'usd',
    customerId: randomUUID(),
    paymentMethodId: randomUUID(),
  });
  try {
    return await measured({ url: `${url}/charges`, headers: {}, body: () => body }, connections);
  } finally {
    child.disconnect();
    await once(child, 'exit');
  }
};

/** A charge over HTTP on the standalone, each answered only once the sandbox has charged, against bare Fastify and one INSERT. */
export const chargeBench = async (): Promise<Row[]> => {
  const standalone = await startStandalone();
  try {
    const charges = await chargesOf(standalone);
    const rows: Row[] = [];
    for (const connections of [64, 8]) {
      const ours = await measured(charges, connections);
      rows.push(rowOf(`charge, ${connections} connections`, ours, await reference(standalone, connections)));
    }
    return rows;
  } finally {
    await standalone.stop();
  }
};
