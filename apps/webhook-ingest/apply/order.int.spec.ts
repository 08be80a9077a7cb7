import { balancesOf } from '#domain/ledger';
import type { PaymentEvent } from '#domain/payment';
import { captured, disputed, foldPayment, refunded, statusOf } from '#domain/payment';
import fc from 'fast-check';

import type { Asked } from './testing/bench.js';
import { Bench, until } from './testing/bench.js';
import type { StripeEvent } from './testing/stripe-events.js';
import {
  canceled,
  charge,
  dispute,
  eventOf,
  intent,
  movement,
  refund,
  stripeId,
  succeeded,
} from './testing/stripe-events.js';

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
  bench.apply();
});
afterAll(() => bench.close());

/** What Stripe tells of a payment whose customer has to act, each event as it was made, in the order of its life. */
type Story = (asked: Asked) => StripeEvent[];

const acting: Story = (asked) => [
  eventOf(
    'payment_intent.requires_action',
    intent({ ...bench.fieldsOf(asked), status: 'requires_action', next_action: { type: 'redirect_to_url' } }),
  ),
];

const declined: Story = (asked) => [
  eventOf(
    'payment_intent.payment_failed',
    intent({
      ...bench.fieldsOf(asked),
      status: 'requires_payment_method',
      last_payment_error: { type: 'card_error', code: 'card_declined', decline_code: 'generic_decline' },
    }),
  ),
];

const paid: Story = (asked) => [
  succeeded(bench.fieldsOf(asked)),
  charge('charge.updated', {
    payment_intent: asked.processorPaymentId,
    metadata: bench.metadataOf(asked),
    balance_transaction: stripeId('txn'),
  }),
];

const refundedAndFailed: Story = (asked) => {
  const of = { payment_intent: asked.processorPaymentId };
  const kept = { ...of, id: stripeId('re'), amount: 700 };
  const lost = { ...of, id: stripeId('re'), amount: 1_100 };
  return [
    refund({ ...kept, status: 'pending' }, 'refund.created'),
    refund({ ...lost, status: 'pending' }, 'refund.created'),
    refund(kept),
    refund(lost),
    refund({ ...lost, status: 'failed', failure_reason: 'expired_or_canceled_card' }, 'refund.failed'),
  ];
};

const disputeOf = (outcome: 'won' | 'lost' | undefined, reinstated: boolean): Story => {
  const taken = movement(-5_000, 1_500);
  const back = movement(5_000, 0);
  return (asked) => {
    const of = { id: stripeId('du'), payment_intent: asked.processorPaymentId };
    const away = { ...of, balance_transactions: [{ ...taken, id: `${taken.id}${asked.paymentId}` }] };
    const end = reinstated
      ? [...away.balance_transactions, { ...back, id: `${back.id}${asked.paymentId}` }]
      : away.balance_transactions;
    const told = [
      dispute('created', { ...of, status: 'warning_needs_response' }),
      dispute('updated', { ...of }),
      dispute('funds_withdrawn', away),
      dispute('updated', { ...away, status: 'under_review' }),
    ];
    if (outcome) told.push(dispute('closed', { ...away, status: outcome }));
    if (reinstated) told.push(dispute('funds_reinstated', { ...away, status: outcome, balance_transactions: end }));
    return told;
  };
};

const stories: readonly { name: string; status: string; story: readonly Story[] }[] = [
  {
    name: 'confirmed, and refunded with one refund that failed after all',
    status: 'partially_refunded',
    story: [acting, paid, refundedAndFailed],
  },
  {
    name: 'declined, then confirmed, disputed and won',
    status: 'succeeded',
    story: [acting, declined, acting, paid, disputeOf('won', true)],
  },
  {
    name: 'confirmed, disputed and lost',
    status: 'disputed',
    story: [acting, paid, disputeOf('lost', false)],
  },
  {
    name: 'confirmed, disputed, lost, and the money given back',
    status: 'succeeded',
    story: [paid, disputeOf('lost', true)],
  },
  {
    name: 'declined, and canceled at the processor',
    status: 'canceled',
    story: [acting, declined, (asked) => [canceled(bench.fieldsOf(asked))]],
  },
];

/** What a payment and its books have come to, without ids and times. */
const endOf = async (asked: Asked) => {
  const events = await bench.events<PaymentEvent>(asked.tenantId, 'payment', asked.paymentId);
  const payment = foldPayment(events);
  return {
    status: statusOf(payment),
    captured: captured(payment),
    refunded: refunded(payment),
    disputed: disputed(payment),
    attempt: payment.attempts[1]?.stage,
    refunds: Object.values(payment.refunds)
      .map(({ amount, stage }) => `${amount} ${stage.phase}`)
      .sort(),
    disputes: Object.values(payment.disputes).map(({ amount, won, lost, report }) => ({ amount, won, lost, report })),
    books: Object.fromEntries([...balancesOf(events)].sort()),
  };
};

/** Tells a payment's story in an order, and gives what it has come to. */
const tell = async (story: readonly Story[], orderOf: (told: StripeEvent[]) => StripeEvent[]) => {
  const asked = await bench.waiting();
  await bench.project();
  const told = orderOf(story.flatMap((part) => part(asked)));
  for (const event of told) await bench.deliver(event);
  await until(async () => {
    const rows = await Promise.all(told.map(({ id }) => bench.row(id)));
    const left = rows.filter(({ state }) => state === 'received');
    expect(rows.filter(({ state }) => !['received', 'applied'].includes(state))).toEqual([]);
    return left.length === 0;
  });
  return endOf(asked);
};

it.each(stories)(
  'a payment that was $name ends in one state, whatever order it is told in',
  async ({ status, story }) => {
    const inOrder = await tell(story, (told) => told);
    expect(inOrder.status).toBe(status);
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), async (numbers) => {
        const next = () => numbers.next().value as number;
        const shuffled = (told: StripeEvent[]) =>
          [...told, ...told.filter(() => next() % 3 === 0)]
            .map((event) => ({ event, key: next() }))
            .sort((one, other) => one.key - other.key)
            .map(({ event }) => event);
        expect(await tell(story, shuffled)).toEqual(inOrder);
      }),
      { numRuns: 12 },
    );
  },
  60_000,
);
