import type Stripe from 'stripe';

import { OutcomeUnknown } from '../errors.js';
import type {
  AttachPaymentMethod,
  CancelPayment,
  CapturePayment,
  CreateCustomer,
  CreatedWithin,
  Found,
  Outcome,
  Processor,
  ProcessorMethod,
  ProcessorPayment,
  ProcessorRefund,
  ProcessorSettlement,
  RefundPayment,
  RegisteredCustomer,
  RequestPayment,
  SettlementSource,
} from '../port.js';
import { failedLookup, failedOutcome } from './classify.js';
import type { StripeProcessorOptions } from './client.js';
import { openClient } from './client.js';
import { findIn, within } from './find.js';
import { methodOf } from './method.js';
import { paymentExpand, paymentOf, refundOf } from './payment.js';
import { settlementOf } from './settlement.js';
import { cancelReason, captureParams, customerParams, paymentParams, refundParams } from './params.js';

/** Stripe behind the port. Holds no state but its connections. */
export class StripeProcessor implements Processor {
  readonly #stripe: Stripe;
  readonly #deadlineMs: number;

  constructor(options: StripeProcessorOptions) {
    const timeoutMs = options.timeoutMs ?? 20_000;
    this.#stripe = openClient({ ...options, timeoutMs });
    // The library's time-out is one of silence: an answer that trickles in would never end.
    this.#deadlineMs = 2 * timeoutMs;
  }

  createCustomer(request: CreateCustomer, idempotencyKey: string): Promise<Outcome<RegisteredCustomer>> {
    return this.#operation(this.#stripe.customers.create(customerParams(request), { idempotencyKey }), ({ id }) => ({
      processorCustomerId: id,
    }));
  }

  attachPaymentMethod(request: AttachPaymentMethod, idempotencyKey: string): Promise<Outcome<ProcessorMethod>> {
    const { tenantId, paymentMethodId, processorCustomerId, token } = request;
    const { paymentMethods } = this.#stripe;
    const attached = async () => {
      const method = await paymentMethods.attach(token, { customer: processorCustomerId }, { idempotencyKey });
      // Attaching takes no metadata, and before it a test token is not yet an object of its own.
      const metadata = { tenantId, paymentMethodId };
      return paymentMethods.update(method.id, { metadata }, { idempotencyKey: `${idempotencyKey}:metadata` });
    };
    return this.#operation(attached(), methodOf);
  }

  requestPayment(request: RequestPayment, idempotencyKey: string): Promise<Outcome<ProcessorPayment>> {
    return this.#operation(this.#stripe.paymentIntents.create(paymentParams(request), { idempotencyKey }), paymentOf);
  }

  capturePayment(request: CapturePayment, idempotencyKey: string): Promise<Outcome<ProcessorPayment>> {
    const { processorPaymentId } = request;
    return this.#operation(
      this.#stripe.paymentIntents.capture(processorPaymentId, captureParams(request), { idempotencyKey }),
      paymentOf,
    );
  }

  cancelPayment({ processorPaymentId, reason }: CancelPayment, key: string): Promise<Outcome<ProcessorPayment>> {
    return this.#operation(
      this.#stripe.paymentIntents.cancel(processorPaymentId, cancelReason(reason), { idempotencyKey: key }),
      paymentOf,
    );
  }

  refundPayment(request: RefundPayment, idempotencyKey: string): Promise<Outcome<ProcessorRefund>> {
    return this.#operation(this.#stripe.refunds.create(refundParams(request), { idempotencyKey }), refundOf);
  }

  async fetchSettlement({ source, processorId }: SettlementSource): Promise<ProcessorSettlement | undefined> {
    if (source === 'capture') return (await this.retrievePayment(processorId))?.settlement;
    const refund = await this.#lookup(
      this.#stripe.refunds.retrieve(processorId, { expand: ['balance_transaction'] }),
      (found) => settlementOf(found.balance_transaction, -found.amount, found.currency),
    );
    return refund;
  }

  retrievePayment(processorPaymentId: string): Promise<ProcessorPayment | undefined> {
    return this.#lookup(this.#stripe.paymentIntents.retrieve(processorPaymentId, { expand: paymentExpand }), paymentOf);
  }

  retrievePaymentMethod(token: string): Promise<ProcessorMethod | undefined> {
    return this.#lookup(this.#stripe.paymentMethods.retrieve(token), methodOf);
  }

  async findCustomer(
    { tenantId, customerId, email }: Pick<CreateCustomer, 'tenantId' | 'customerId' | 'email'>,
    created: CreatedWithin,
  ): Promise<Found<RegisteredCustomer>> {
    const list = this.#stripe.customers.list({ created: within(created), ...(email && { email }), limit: 100 });
    const found = await this.#find(list, { tenantId, customerId });
    return typeof found === 'string' ? found : { found: { processorCustomerId: found.found.id } };
  }

  async findPaymentMethod(wanted: Omit<AttachPaymentMethod, 'token'>): Promise<Found<ProcessorMethod>> {
    const { tenantId, paymentMethodId, processorCustomerId } = wanted;
    const list = this.#stripe.customers.listPaymentMethods(processorCustomerId, { limit: 100 });
    const found = await this.#find(list, { tenantId, paymentMethodId });
    return typeof found === 'string' ? found : { found: methodOf(found.found) };
  }

  async findPayment(
    wanted: Pick<RequestPayment, 'tenantId' | 'paymentId' | 'attempt' | 'processorCustomerId'>,
    created: CreatedWithin,
  ): Promise<Found<ProcessorPayment>> {
    const { tenantId, paymentId, attempt, processorCustomerId } = wanted;
    const list = this.#stripe.paymentIntents.list({
      customer: processorCustomerId,
      created: within(created),
      limit: 100,
    });
    const found = await this.#find(list, { tenantId, paymentId, attempt: String(attempt) });
    if (typeof found === 'string') return found;
    const payment = await this.retrievePayment(found.found.id);
    return payment ? { found: payment } : 'absent';
  }

  async findRefund(
    wanted: Pick<RefundPayment, 'tenantId' | 'refundId' | 'processorPaymentId'>,
  ): Promise<Found<ProcessorRefund>> {
    const { tenantId, refundId, processorPaymentId } = wanted;
    const list = this.#stripe.refunds.list({
      payment_intent: processorPaymentId,
      limit: 100,
      expand: ['data.balance_transaction'],
    });
    const found = await this.#find(list, { tenantId, refundId });
    return typeof found === 'string' ? found : { found: refundOf(found.found) };
  }

  async #operation<T, V>(call: Promise<T>, read: (answer: T) => V): Promise<Outcome<V>> {
    let answer: T;
    try {
      answer = await this.#bounded(call);
    } catch (error) {
      return failedOutcome(error);
    }
    return { outcome: 'succeeded', value: read(answer) };
  }

  async #lookup<T, V>(call: Promise<T>, read: (answer: T) => V): Promise<V | undefined> {
    let answer: T;
    try {
      answer = await this.#bounded(call);
    } catch (error) {
      return failedLookup(error);
    }
    return read(answer);
  }

  async #find<T extends { metadata: Stripe.Metadata | null }>(
    list: AsyncIterable<T>,
    wanted: Record<string, string>,
  ): Promise<Found<T>> {
    try {
      return await findIn(list, wanted);
    } catch (error) {
      failedLookup(error);
      return 'absent'; // what was to be listed does not exist, and so nothing in it
    }
  }

  #bounded<T>(call: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new OutcomeUnknown('deadline', { stored: false }));
      }, this.#deadlineMs);
      call.then(resolve, reject).finally(() => {
        clearTimeout(timer);
      });
    });
  }
}
