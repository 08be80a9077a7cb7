import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { BalanceView, PaymentView, RefundView } from '#projections';

import type { Standalone } from '../standalone/index.js';

/** A request that was answered for good. */
export type Settled = { key: string; tries: number } & (
  { kind: 'charge'; payment: PaymentView } | { kind: 'refund'; refund: RefundView }
);

interface Payer {
  customerId: string;
  goodCard: string;
  badCard: string;
}

const maxTries = 600;
const retryMs = 100;

/** Keeps charging and refunding through whatever happens, each request under one key until it is answered for good. */
export class Load {
  readonly #settled: Settled[] = [];
  #stopping = false;
  #workers: Promise<void>[] = [];
  #position: string | undefined;
  #retried = 0;
  #pauseMs = 0;
  readonly #open = new Set<Promise<unknown>>();
  /** How long the slowest single try took, answered or not. */
  longestTryMs = 0;

  private constructor(
    readonly standalone: Standalone,
    readonly token: string,
  ) {}

  /** `pauseMs`: how long a worker rests between two charges; it would take all of the machine that it can get. 0 by default. */
  static async begin(
    standalone: Standalone,
    { workers, pauseMs = 0 }: { workers: number; pauseMs?: number },
  ): Promise<Load> {
    const subject = 'kills';
    const load = new Load(standalone, await standalone.token({ subject }));
    load.#pauseMs = pauseMs;
    const payers = await Promise.all(Array.from({ length: workers }, () => load.#payer()));
    load.#workers = payers.map((payer) => load.#work(payer));
    return load;
  }

  /** Resolves once more than `count` requests are answered for good, however slow the machine is. */
  async whenMoreThan(count: number): Promise<void> {
    for (let tries = 1; this.#settled.length <= count; tries += 1) {
      if (tries > maxTries)
        throw new Error(`${this.#settled.length} requests were answered, and not more than ${count}`);
      await Promise.race([sleep(retryMs), ...this.#workers]); // one that throws ends the wait
    }
  }

  /** Begins nothing new, and waits until everything that was begun is answered. */
  async finish(): Promise<Settled[]> {
    this.#stopping = true;
    await Promise.all(this.#workers);
    return this.#settled;
  }

  /** Resolves when everything that is under way now is answered for good. */
  async whenAnswered(): Promise<void> {
    await Promise.allSettled(this.#open);
  }

  /** Resolves when the read models have the last answered request. */
  async whenProjected(): Promise<void> {
    await this.#untilAnswered(() =>
      fetch(`${this.standalone.url}/v1/balances`, {
        headers: {
          authorization: `Bearer ${this.token}`,
          ...(this.#position && { 'billing-min-position': this.#position }),
        },
      }),
    );
  }

  async payment(id: string): Promise<PaymentView> {
    const { body } = await this.#untilAnswered(() =>
      fetch(`${this.standalone.url}/v1/payments/${id}`, { headers: { authorization: `Bearer ${this.token}` } }),
    );
    return body as PaymentView;
  }

  async balances(): Promise<BalanceView[]> {
    const { body } = await this.#untilAnswered(() =>
      fetch(`${this.standalone.url}/v1/balances`, { headers: { authorization: `Bearer ${this.token}` } }),
    );
    return (body as { data: BalanceView[] }).data;
  }

  /** How many requests a fault struck: they were not answered at the first try. */
  get retried(): number {
    return this.#retried;
  }

  summary(): string {
    const charges = this.#settled.filter(({ kind }) => kind === 'charge').length;
    return `${charges} charges and ${this.#settled.length - charges} refunds answered, ${this.#retried} of them after a retry`;
  }

  async #payer(): Promise<Payer> {
    const email = `${randomUUID()}@example.com`;
    const customer = (await this.#post('/v1/customers', { email })).body as { id: string };
    const attach = async (processorToken: string) =>
      (
        (await this.#post(`/v1/customers/${customer.id}/payment-methods`, { type: 'card', processorToken })).body as {
          id: string;
        }
      ).id;
    return {
      customerId: customer.id,
      goodCard: await attach('pm_card_visa'),
      badCard: await attach('pm_card_chargeCustomerFail'),
    };
  }

  async #work({ customerId, goodCard, badCard }: Payer): Promise<void> {
    for (; !this.#stopping; await sleep(this.#pauseMs)) {
      const paymentMethodId = Math.random() < 0.1 ? badCard : goodCard;
      const amount = 100 + Math.floor(Math.random() * 10_000);
      const charge = await this.#post('/v1/payments', { amount, currency: 'usd', customerId, paymentMethodId });
      const payment = charge.body as PaymentView;
      this.#settled.push({ kind: 'charge', key: charge.key, tries: charge.tries, payment });
      if (payment.status !== 'succeeded' || Math.random() > 0.25) continue;
      // A token of its own for each refund: the step-up must be fresh, and the run takes longer than that.
      const token = await this.standalone.token({ subject: 'kills', mfa: true });
      const refund = await this.#post(`/v1/payments/${payment.id}/refunds`, { amount: Math.ceil(amount / 3) }, token);
      this.#settled.push({ kind: 'refund', key: refund.key, tries: refund.tries, refund: refund.body as RefundView });
    }
  }

  /** One POST under one key, until it is answered for good. Throws on a refusal: the load asks for nothing that can be refused. */
  async #post(path: string, body: unknown, token = this.token): Promise<{ key: string; tries: number; body: unknown }> {
    const key = randomUUID();
    const answered = await this.#untilAnswered(() =>
      fetch(`${this.standalone.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(20_000),
      }),
    );
    return { key, ...answered };
  }

  #untilAnswered(request: () => Promise<Response>): Promise<{ tries: number; body: unknown }> {
    const answered = this.#tryUntilAnswered(request);
    this.#open.add(answered);
    const over = (): void => {
      this.#open.delete(answered);
    };
    answered.then(over, over);
    return answered;
  }

  async #tryUntilAnswered(request: () => Promise<Response>): Promise<{ tries: number; body: unknown }> {
    for (let tries = 1; tries <= maxTries; tries += 1) {
      const began = performance.now();
      const answer = await this.#try(request);
      this.longestTryMs = Math.max(this.longestTryMs, Math.round(performance.now() - began));
      if (answer) {
        if (tries > 1) this.#retried += 1;
        return { tries, body: answer.body };
      }
      await sleep(retryMs);
    }
    throw new Error(`no answer after ${maxTries} tries:\n${this.standalone.output().slice(-3_000)}`);
  }

  async #try(request: () => Promise<Response>): Promise<{ body: unknown } | undefined> {
    let response: Response;
    let body: unknown;
    try {
      response = await request();
      body = await response.json();
    } catch {
      return undefined; // no connection, or cut off in the middle
    }
    this.#position = response.headers.get('billing-position') ?? this.#position;
    if (response.status === 200 || response.status === 201) return { body };
    const { code } = body as { code?: string };
    if (
      response.status === 202 ||
      response.status >= 500 ||
      code === 'operation_in_progress' ||
      code === 'concurrent_change'
    )
      return undefined;
    throw new Error(`refused: ${response.status} ${JSON.stringify(body)}`);
  }
}
