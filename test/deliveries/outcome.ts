import type { DomainEvent } from '#contracts';
import { parseStreamId, upcast } from '#contracts';
import type { BillingEvent } from '#domain';
import { foldConnectedAccount, type ConnectedAccountEvent } from '#domain/connected-account';
import { balancesOf } from '#domain/ledger';
import { foldCustomer, type CustomerEvent } from '#domain/customer';
import { foldPaymentMethod, type PaymentMethodEvent } from '#domain/payment-method';
import { foldPayout, type PayoutEvent } from '#domain/payout';
import type { PaymentEvent } from '#domain/payment';
import {
  capturable,
  captured,
  disputed,
  disputeStatusOf,
  foldPayment,
  latestAttempt,
  refundable,
  refunded,
  refundsPending,
  statusOf,
} from '#domain/payment';

import type { Player } from './player.js';

/** What a story came to, in words and amounts that are the same whoever played it: no ids, no times. */
export interface Outcome {
  balances: Record<string, number>;
  payments: unknown[];
  methods: string[];
  customers: unknown[];
  payouts: unknown[];
  /** How the connected accounts stand. */
  accounts: unknown[];
}

const outcomeOfPayment = (events: readonly PaymentEvent[]): unknown => {
  const payment = foldPayment(events);
  const sorted = <T>(items: T[]): T[] => items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return {
    status: statusOf(payment),
    attempts: latestAttempt(payment)?.attempt,
    stage: Object.values(payment.attempts).map(({ stage }) => stage),
    captured: captured(payment),
    capturable: capturable(payment),
    refunded: refunded(payment),
    refundsPending: refundsPending(payment),
    refundable: refundable(payment),
    disputed: disputed(payment),
    refunds: sorted(Object.values(payment.refunds).map(({ amount, stage }) => ({ amount, phase: stage.phase }))),
    disputes: sorted(Object.values(payment.disputes).map((dispute) => disputeStatusOf(dispute))),
    settlements: sorted(
      Object.values(payment.settlements).map(({ source, gross, fee, net }) => ({ source, gross, fee, net })),
    ),
  };
};

/** Everything that is recorded about a player's tenant, folded from the events alone. */
export const outcomeOf = async ({ bench, tenantId }: Player): Promise<Outcome> => {
  const { rows } = await bench.database.admin.query<{
    stream_id: string;
    type: string;
    schema_version: number;
    data: string;
  }>('select stream_id, type, schema_version, data from billing.event where tenant_id = $1 order by shard, position', [
    tenantId,
  ]);
  const streams = new Map<string, DomainEvent[]>();
  for (const { stream_id, type, schema_version, data } of rows) {
    const event = { type, ...upcast(type, schema_version, JSON.parse(data) as Record<string, unknown>) };
    streams.set(stream_id, [...(streams.get(stream_id) ?? []), event]);
  }
  const of = <E extends DomainEvent>(aggregate: string): E[][] =>
    [...streams].filter(([id]) => parseStreamId(id).aggregate === aggregate).map(([, events]) => events as E[]);
  return {
    balances: Object.fromEntries([...balancesOf([...streams.values()].flat() as BillingEvent[])].toSorted()),
    payments: of<PaymentEvent>('payment').map(outcomeOfPayment),
    methods: of<PaymentMethodEvent>('payment_method')
      .map((events) => foldPaymentMethod(events).attachment.phase)
      .toSorted(),
    customers: of<CustomerEvent>('customer').map((events) => {
      const { registration, deletedProcessorCustomerIds = [] } = foldCustomer(events);
      return { registration: registration.phase, deleted: deletedProcessorCustomerIds.length };
    }),
    payouts: of<PayoutEvent>('payout')
      .map((events) => foldPayout(events))
      .map(({ amount, currency, stage }) => ({ amount, currency, stage }))
      .toSorted((a, b) => a.amount - b.amount),
    accounts: of<ConnectedAccountEvent>('connected_account').map((events) => foldConnectedAccount(events).standing),
  };
};
