import { randomUUID } from 'node:crypto';

import type { Payment, PaymentCommand } from '#domain/payment';
import { operationInFlight, statusOf } from '#domain/payment';

import type { Untimed } from '../../apps/gateway/testing/api.js';
import { until } from '../../apps/gateway/testing/clock.js';
import type { Workbench } from '../../apps/gateway/testing/workbench.js';
import type { Delivery } from './stage.js';

interface Charge {
  id: string;
  amount_refunded: number;
}

interface Listed {
  id: string;
  type: string;
  account?: string;
}

export interface Payer {
  customerId: string;
  processorCustomerId: string;
  paymentMethodId: string;
}

/** Plays one story as a tenant of its own: our side's commands, what the payer does, and what somebody does at the processor. */
export class Player {
  #since = '';
  /** The connected accounts of the story. */
  readonly #accounts: string[] = [];

  private constructor(
    readonly bench: Workbench,
    readonly tenantId: string,
  ) {}

  static async join(bench: Workbench): Promise<Player> {
    return new Player(bench, await bench.database.addTenant());
  }

  /** A customer with an attached payment method. */
  async payer(token = 'pm_card_visa', kind: 'card' | 'us_bank_account' = 'card'): Promise<Payer> {
    const { api } = this.bench;
    const customerId = await api.createCustomer(this.tenantId);
    const paymentMethodId = await api.attach(this.tenantId, customerId, token, kind);
    await until(async () => (await api.paymentMethod(this.tenantId, paymentMethodId)).attachment.phase === 'attached');
    const [processorCustomerId = ''] = (await api.customer(this.tenantId, customerId)).processorCustomerIds;
    return { customerId, paymentMethodId, processorCustomerId };
  }

  /** Asks for a charge and waits until the processor has answered. */
  async charge(
    { customerId, paymentMethodId }: Payer,
    options: { amount?: number; captureMethod?: 'automatic' | 'manual' } = {},
  ): Promise<string> {
    const paymentId = await this.bench.api.charge(this.tenantId, customerId, paymentMethodId, options);
    await this.answered(paymentId);
    return paymentId;
  }

  /** Decides a command on a payment and waits until the processor has answered. */
  async command(paymentId: string, command: Untimed<PaymentCommand>): Promise<void> {
    await this.bench.api.command(this.tenantId, paymentId, command);
    await this.answered(paymentId);
  }

  refund(paymentId: string, amount: number): Promise<void> {
    return this.command(paymentId, { type: 'RefundPayment', refundId: randomUUID(), amount });
  }

  payment(paymentId: string): Promise<Payment> {
    return this.bench.api.payment(this.tenantId, paymentId);
  }

  async answered(paymentId: string): Promise<void> {
    await until(async () => {
      const payment = await this.payment(paymentId);
      return !operationInFlight(payment) && statusOf(payment) !== 'requires_payment_method';
    });
  }

  /** The processor's id of a payment's newest attempt. */
  async intentOf(paymentId: string): Promise<string> {
    const attempts = Object.values((await this.payment(paymentId)).attempts);
    return attempts.at(-1)?.processorPaymentId ?? '';
  }

  async chargeOf(paymentId: string): Promise<Charge> {
    const intent = await this.intentOf(paymentId);
    const [charge] = await this.bench.stripe.list<Charge>(`/v1/charges?payment_intent=${intent}`);
    if (!charge) throw new Error(`${intent} has no charge`);
    return charge;
  }

  /** What somebody does at the processor itself, or its sandbox is told to do: a POST with a form, as an account where one is named. */
  async atProcessor<T = { id: string }>(
    path: string,
    fields: Record<string, string> = {},
    account?: string,
  ): Promise<T> {
    return this.#call<T>('POST', path, fields, account);
  }

  async deleteAtProcessor(path: string): Promise<void> {
    await this.#call('DELETE', path);
  }

  /** The payer answers 3-D Secure. */
  async authenticate(paymentId: string, outcome: 'succeed' | 'fail'): Promise<void> {
    await this.bench.stripe.post(`/sandbox/payment_intents/${await this.intentOf(paymentId)}/authenticate`, {
      outcome,
    });
  }

  /** Pending refunds, bank debits and payouts come to their end now. */
  async settle(): Promise<void> {
    await this.bench.stripe.post('/sandbox/settle', {});
  }

  /** The only dispute of a payment, at the processor: what its card was going to do comes now. */
  async disputeOf(paymentId: string): Promise<string> {
    await this.settle();
    const intent = await this.intentOf(paymentId);
    const [dispute] = await this.bench.stripe.list<{ id: string }>(`/v1/disputes?payment_intent=${intent}`);
    if (!dispute) throw new Error(`${intent} has no dispute`);
    return dispute.id;
  }

  decide(dispute: string, outcome: 'won' | 'lost' | 'warning_closed' | 'escalated'): Promise<unknown> {
    return this.bench.stripe.post(`/sandbox/disputes/${dispute}/decide`, { outcome });
  }

  /** A connected account of the tenant's: linked while it could do nothing yet, then ready to be paid out, with 50.00 USD less fees. */
  async account(): Promise<string> {
    const { id } = await this.atProcessor('/v1/accounts', newAccount);
    this.#accounts.push(id);
    await this.bench.api.linkAccount(this.tenantId, id);
    await this.atProcessor(`/v1/accounts/${id}`, whatItTells);
    await this.atProcessor('/v1/payment_intents', ownSale, id);
    return id;
  }

  payOut(account: string, amount: number): Promise<{ id: string }> {
    return this.atProcessor('/v1/payouts', { amount: String(amount), currency: 'usd' }, account);
  }

  /** A payout that is under way, or seemed to be over, comes to its end. */
  async conclude(payoutId: string, outcome: 'paid' | 'failed'): Promise<void> {
    await this.atProcessor(`/sandbox/payouts/${payoutId}/conclude`, { outcome });
  }

  /** Marks where the story begins: what the processor had to say before is nobody's. */
  async begin(): Promise<void> {
    const [newest] = await this.#events();
    this.#since = newest?.id ?? '';
  }

  /** What the processor has to say of the story, oldest first; then of each connected account, to whom an endpoint for Connect listens. */
  async events(): Promise<Delivery[]> {
    const listed = await this.#events();
    const end = listed.findIndex(({ id }) => id === this.#since);
    const ours = (end === -1 ? listed : listed.slice(0, end)).toReversed();
    const ofAccounts = await Promise.all(
      this.#accounts.map(async (account) =>
        (await this.#events(account))
          .filter(({ type }) => /^(payout|account)\./.test(type))
          .toReversed()
          .map((event) => deliveryOf(event, account)),
      ),
    );
    return [...ours.map((event) => deliveryOf(event)), ...ofAccounts.flat()];
  }

  async #events(account?: string): Promise<Listed[]> {
    const { data } = await this.#call<{ data: Listed[] }>('GET', '/v1/events?limit=100', undefined, account);
    return data;
  }

  async #call<T>(method: string, path: string, fields?: Record<string, string>, account?: string): Promise<T> {
    const isControl = path.startsWith('/sandbox/');
    const response = await fetch(`${this.bench.sandbox.url}${path}`, {
      method,
      headers: {
        authorization: 'Bearer sk_test_sandbox',
        ...(account !== undefined && { 'stripe-account': account }),
        ...(isControl && { 'content-type': 'application/json' }),
      },
      body: fields && (isControl ? JSON.stringify(fields) : new URLSearchParams(fields)),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
}

const deliveryOf = (event: Listed, account?: string): Delivery => ({
  id: event.id,
  type: event.type,
  account,
  body: JSON.stringify(event, null, 2),
});

const newAccount = {
  type: 'custom',
  country: 'US',
  'capabilities[card_payments][requested]': 'true',
  'capabilities[transfers][requested]': 'true',
};

/** All that the processor wants to know before it pays out. */
const whatItTells = {
  'business_profile[url]': 'https://example.com',
  business_type: 'individual',
  'individual[first_name]': 'Jenny',
  'individual[last_name]': 'Rosen',
  'individual[email]': 'jenny@example.com',
  'individual[id_number]': '000000000',
  external_account: 'btok_us_verified',
  'tos_acceptance[date]': '1760000000',
  'tos_acceptance[ip]': '127.0.0.1',
};

/** A charge of the account's own, which is none of ours: money to pay out, at once. */
const ownSale = {
  amount: '5000',
  currency: 'usd',
  capture_method: 'automatic',
  payment_method: 'pm_card_bypassPending',
  confirm: 'true',
};
