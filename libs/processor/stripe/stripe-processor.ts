import type Stripe from 'stripe';

import { LookupRefused } from '../errors.js';
import type {
  Claim,
  ProcessorAccount,
  ProcessorDispute,
  ProcessorPayment,
  ProcessorPayout,
  ProcessorRefund,
  ProcessorSettlement,
} from '../objects.js';
import type {
  AttachPaymentMethod,
  CancelPayment,
  CapturePayment,
  CreateCustomer,
  CreatedWithin,
  Found,
  ListedEvent,
  Outcome,
  PaymentStanding,
  Processor,
  ProcessorBalance,
  ProcessorConfirmationToken,
  ProcessorMethod,
  ProcessorSetup,
  RefundPayment,
  RegisteredCustomer,
  RequestPayment,
  RequestSetup,
  SubmitEvidence,
} from '../port.js';
import { accountOf } from './account.js';
import { balancesOf } from './balance.js';
import { Calls } from './calls.js';
import { failedLookup } from './classify.js';
import type { StripeProcessorOptions } from './client.js';
import { openClient } from './client.js';
import { confirmationOf } from './confirmation-token.js';
import { disputeOf } from './dispute.js';
import { Fields } from './fields.js';
import { findIn } from './find.js';
import { within } from './listing.js';
import { Lists } from './lists.js';
import { methodOf } from './method.js';
import { paymentOf, refundExpand, refundOf } from './payment.js';
import { settlementOf } from './settlement.js';
import { Setups } from './setup.js';
import { retrievedPayment, standingOf } from './standing.js';
import {
  cancelReason,
  captureParams,
  confirmParams,
  customerParams,
  evidenceParams,
  paymentParams,
  refundParams,
} from './params.js';

/** Stripe behind the port. Holds no state but its connections. */
export class StripeProcessor implements Processor {
  readonly #stripe: Stripe;
  readonly #calls: Calls;
  readonly #lists: Lists;
  readonly #setups: Setups;

  constructor(options: StripeProcessorOptions) {
    const timeoutMs = options.timeoutMs ?? 20_000;
    this.#stripe = openClient({ ...options, timeoutMs });
    // The library's time-out is one of silence: an answer that trickles in would never end.
    this.#calls = new Calls(2 * timeoutMs);
    this.#lists = new Lists(this.#stripe, this.#calls);
    this.#setups = new Setups(this.#stripe, this.#calls);
  }

  createCustomer(request: CreateCustomer, idempotencyKey: string): Promise<Outcome<RegisteredCustomer>> {
    return this.#calls.operation(
      this.#stripe.customers.create(customerParams(request), { idempotencyKey }),
      ({ id }) => ({
        processorCustomerId: id,
      }),
    );
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
    return this.#calls.operation(attached(), methodOf);
  }

  detachPaymentMethod({ token }: { token: string }, idempotencyKey: string): Promise<Outcome<ProcessorMethod>> {
    return this.#setups.detach(token, idempotencyKey);
  }

  requestSetup(request: RequestSetup, idempotencyKey: string): Promise<Outcome<ProcessorSetup>> {
    return this.#setups.request(request, idempotencyKey);
  }

  retrieveSetup(processorSetupIntentId: string): Promise<ProcessorSetup | undefined> {
    return this.#setups.retrieve(processorSetupIntentId);
  }

  cancelSetup(processorSetupIntentId: string, idempotencyKey: string): Promise<Outcome<ProcessorSetup>> {
    return this.#setups.cancel(processorSetupIntentId, idempotencyKey);
  }

  findSetup(
    wanted: Pick<RequestSetup, 'tenantId' | 'setupIntentId' | 'processorCustomerId'>,
    created: CreatedWithin,
  ): Promise<Found<ProcessorSetup>> {
    return this.#setups.find(wanted, created);
  }

  retrieveConfirmationToken(token: string): Promise<ProcessorConfirmationToken | undefined> {
    return this.#calls.lookup(this.#stripe.confirmationTokens.retrieve(token), confirmationOf);
  }

  requestPayment(request: RequestPayment, idempotencyKey: string): Promise<Outcome<ProcessorPayment>> {
    return this.#calls.operation(
      this.#stripe.paymentIntents.create(paymentParams(request), { idempotencyKey }),
      paymentOf,
    );
  }

  confirmPayment(processorPaymentId: string, idempotencyKey: string): Promise<Outcome<ProcessorPayment>> {
    return this.#calls.operation(
      this.#stripe.paymentIntents.confirm(processorPaymentId, confirmParams, { idempotencyKey }),
      paymentOf,
    );
  }

  capturePayment(request: CapturePayment, idempotencyKey: string): Promise<Outcome<ProcessorPayment>> {
    const { processorPaymentId } = request;
    return this.#calls.operation(
      this.#stripe.paymentIntents.capture(processorPaymentId, captureParams(request), { idempotencyKey }),
      paymentOf,
    );
  }

  cancelPayment({ processorPaymentId, reason }: CancelPayment, key: string): Promise<Outcome<ProcessorPayment>> {
    return this.#calls.operation(
      this.#stripe.paymentIntents.cancel(processorPaymentId, cancelReason(reason), { idempotencyKey: key }),
      paymentOf,
    );
  }

  refundPayment(request: RefundPayment, idempotencyKey: string): Promise<Outcome<ProcessorRefund>> {
    return this.#calls.operation(this.#stripe.refunds.create(refundParams(request), { idempotencyKey }), refundOf);
  }

  fetchRefundSettlement(processorRefundId: string): Promise<ProcessorSettlement | undefined> {
    return this.#calls.lookup(
      this.#stripe.refunds.retrieve(processorRefundId, { expand: ['balance_transaction'] }),
      (found) => settlementOf(found.balance_transaction, -found.amount, found.currency),
    );
  }

  retrievePayment(processorPaymentId: string): Promise<ProcessorPayment | undefined> {
    return retrievedPayment(this.#stripe, this.#calls, processorPaymentId);
  }

  retrievePaymentMethod(token: string): Promise<ProcessorMethod | undefined> {
    return this.#calls.lookup(this.#stripe.paymentMethods.retrieve(token), methodOf);
  }

  retrieveStanding(processorPaymentId: string): Promise<PaymentStanding | undefined> {
    return standingOf(this.#stripe, this.#calls, processorPaymentId);
  }

  async retrieveAccount(processorAccountId: string): Promise<ProcessorAccount | undefined> {
    try {
      return await this.#calls.lookup(this.#stripe.accounts.retrieve(processorAccountId), (account) =>
        accountOf(new Fields(account, 'account')),
      );
    } catch (error) {
      // Stripe tells an account that does not exist from one of somebody else's to nobody.
      if (error instanceof LookupRefused && error.code === 'account_invalid') return undefined;
      throw error;
    }
  }

  submitEvidence(request: SubmitEvidence, idempotencyKey: string): Promise<Outcome<ProcessorDispute>> {
    return this.#calls.operation(
      this.#stripe.disputes.update(request.processorDisputeId, evidenceParams(request), { idempotencyKey }),
      (dispute) => disputeOf(new Fields(dispute, 'dispute')),
    );
  }

  listPayments(created: CreatedWithin): AsyncIterable<{ processorPaymentId: string; claim: Claim }> {
    return this.#lists.payments(created);
  }

  listPayouts(created: CreatedWithin, account?: string): AsyncIterable<{ payout: ProcessorPayout; claim: Claim }> {
    return this.#lists.payouts(created, account);
  }

  listRefunds(
    created: CreatedWithin,
  ): AsyncIterable<{ processorRefundId: string; processorPaymentId: string | undefined }> {
    return this.#lists.refunds(created);
  }

  listDisputes(
    created: CreatedWithin,
  ): AsyncIterable<{ processorDisputeId: string; processorPaymentId: string | undefined }> {
    return this.#lists.disputes(created);
  }

  listEvents(created: CreatedWithin, account?: string): AsyncIterable<ListedEvent> {
    return this.#lists.events(created, account);
  }

  async fetchBalance(): Promise<ProcessorBalance[]> {
    return (await this.#calls.lookup(this.#stripe.balance.retrieve(), balancesOf)) ?? [];
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
      expand: refundExpand.map((field) => `data.${field}`),
    });
    const found = await this.#find(list, { tenantId, refundId });
    return typeof found === 'string' ? found : { found: refundOf(found.found) };
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
}
