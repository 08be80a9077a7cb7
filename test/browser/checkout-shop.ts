import { randomUUID } from 'node:crypto';

import { Client } from 'pg';

import type { Standalone } from '../standalone/index.js';

export interface Session {
  id: string;
  url: string;
  paymentId: string | null;
}

/** A payment as the sandbox's own books have it. */
export interface Charged {
  amount_received: number;
  successful_charges: number;
}

/** An upstream service that has its customers pay on checkout pages, and can look into the books of both sides. */
export class Shop {
  private constructor(
    private readonly standalone: Standalone,
    private readonly token: string,
    private readonly customerId: string,
    private readonly database: Client,
  ) {}

  static async open(standalone: Standalone): Promise<Shop> {
    const token = await standalone.token();
    const { id } = await post<{ id: string }>(standalone, token, '/v1/customers', {
      email: `${randomUUID()}@example.com`,
    });
    const database = new Client({ connectionString: standalone.adminUrl() });
    await database.connect();
    return new Shop(standalone, token, id, database);
  }

  close(): Promise<void> {
    return this.database.end();
  }

  /** A page to pay 49 dollars on. */
  payment(more: object = {}): Promise<Session> {
    return this.#session({ mode: 'payment', amount: 4_900, currency: 'usd', orderId: 'order-1042', ...more });
  }

  /** A page to save a payment method on. */
  setup(): Promise<Session> {
    return this.#session({ mode: 'setup' });
  }

  async expire({ id }: Session): Promise<void> {
    await post(this.standalone, this.token, `/v1/checkout-sessions/${id}/expire`, {});
  }

  #session(terms: object): Promise<Session> {
    return post(this.standalone, this.token, '/v1/checkout-sessions', { customerId: this.customerId, ...terms });
  }

  /** What was taken for a session: by the sandbox's books, and the captures in our log. */
  async taken({ paymentId }: Session): Promise<{ received: number; charges: number; captures: number }> {
    const summary = await fetch(`${this.standalone.sandboxUrl}/sandbox/summary?limit=1000`);
    const { data } = (await summary.json()) as { data: (Charged & { metadata: { paymentId?: string } })[] };
    const ours = data.filter(({ metadata }) => metadata.paymentId === paymentId);
    const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0);
    return {
      received: sum(ours.map(({ amount_received }) => amount_received)),
      charges: sum(ours.map(({ successful_charges }) => successful_charges)),
      captures: await this.#captures(paymentId),
    };
  }

  async #captures(paymentId: string | null): Promise<number> {
    const { rows } = await this.database.query<{ count: number }>(
      `select count(*)::int as count from billing.event where stream_id = $1 and type = 'PaymentCaptured'`,
      [`payment-${paymentId}`],
    );
    return rows[0]?.count ?? 0;
  }

  /** Ends what takes days at a bank. */
  async letDaysPass(): Promise<void> {
    await fetch(`${this.standalone.sandboxUrl}/sandbox/settle`, { method: 'POST', body: '{}' });
  }

  /** How many reports of refused scripts the service has counted. */
  async reports(directive: string): Promise<number> {
    const text = await (await fetch(`${this.standalone.url}/metrics`)).text();
    const line = text
      .split('\n')
      .find((each) => each.startsWith(`billing_checkout_csp_reports_total{directive="${directive}"`));
    return Number(line?.split(' ').at(-1) ?? 0);
  }
}

const post = async <T>({ url }: Standalone, token: string, path: string, body: object): Promise<T> => {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
};
