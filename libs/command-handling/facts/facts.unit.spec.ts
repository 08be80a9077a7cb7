import { decide, evolve, foldPayment } from '#domain/payment';
import type { Payment, PaymentEvent, PaymentFact } from '#domain/payment';
import type { ProcessorDispute, ProcessorPayment } from '#processor';
import { automaticCaptureId } from '#processor';
import fc from 'fast-check';

import {
  canceledFacts,
  factsOfDispute,
  factsOfPayout,
  factsOfRefund,
  foreignRefundId,
  refundIdOf,
  standingFacts,
  takenBy,
  unrecordedCaptures,
  withSettlements,
} from './index.js';

const at = '2026-11-01T10:00:00.000Z';
const paymentId = '6f2b7c1e-0000-4000-8000-000000000001';
const processorPaymentId = 'pi_1';
const about = { attempt: 1, processorPaymentId, at };
const terms = { customerId: 'c1', amount: 5_000, currency: 'usd', at };

const asked = (captureMethod: 'automatic' | 'manual' = 'manual'): PaymentEvent[] => [
  { type: 'PaymentCreated', paymentId, ...terms, captureMethod },
  { type: 'PaymentRequested', attempt: 1, paymentMethodId: 'm1', ...terms, captureMethod },
];
const held = (): PaymentEvent[] => [
  ...asked(),
  { type: 'PaymentAuthorized', ...about, amount: 5_000, expiresAt: at, multicapture: true },
];
const captureAsked = (amount: number, final = true): PaymentEvent => ({
  type: 'CaptureRequested',
  ...about,
  captureId: 'k1',
  amount,
  currency: 'usd',
  final,
});
const captured = (amount: number, left = 0): ProcessorPayment => ({
  processorPaymentId,
  currency: 'usd',
  captured: amount,
  ...(left > 0 ? { status: 'authorized', amount: left, multicapture: true } : { status: 'captured' }),
});

/** The payment after facts, each decided on what the one before has left. */
const after = (before: Payment, facts: readonly PaymentFact[]): Payment =>
  facts.reduce((state, fact) => decide(fact, state).reduce(evolve, state), before);

/** The payment after hearing how it stands. */
const hear = (state: Payment, payment: ProcessorPayment): Payment =>
  after(state, standingFacts({ state, attempt: 1 }, payment, at)?.facts ?? []);

describe('captures that no event has', () => {
  it('were made by the capture that is under way, as far as it goes', () => {
    const state = foldPayment([...held(), captureAsked(3_000)]);
    const subject = { state, attempt: 1 };
    const own = { captureId: 'k1', amount: 3_000 };
    const rest = automaticCaptureId(paymentId, 1);
    expect(unrecordedCaptures(subject, captured(3_000), at)).toMatchObject([{ ...own, final: true }]);
    expect(unrecordedCaptures(subject, captured(5_000), at)).toMatchObject([
      { ...own, final: false },
      { captureId: rest, amount: 2_000, final: true },
    ]);
    // Ours would have been all of it, or the last: this one is somebody else's.
    expect(unrecordedCaptures(subject, captured(1_000), at)).toMatchObject([{ captureId: rest, amount: 1_000 }]);
    expect(unrecordedCaptures(subject, captured(3_000, 2_000), at)).toMatchObject([{ captureId: rest, final: false }]);
  });

  it('were not made by the capture whose own answer tells of them', () => {
    const state = foldPayment([...held(), captureAsked(3_000)]);
    const failed = { state, attempt: 1, answered: { captureId: 'k1', amount: 0 } };
    const rest = automaticCaptureId(paymentId, 1);
    expect(unrecordedCaptures(failed, captured(3_000), at)).toMatchObject([{ captureId: rest, amount: 3_000 }]);
    const made = { state, attempt: 1, answered: { captureId: 'k1', amount: 3_000 } };
    expect(unrecordedCaptures(made, captured(3_000), at)).toEqual([]);
    expect(unrecordedCaptures(made, captured(5_000), at)).toMatchObject([{ captureId: rest, amount: 2_000 }]);
  });

  it('take each minor unit once, in whatever order and however often the same totals are told', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 12 }),
        fc.option(fc.record({ amount: fc.integer({ min: 1, max: 5_000 }), final: fc.boolean() })),
        (totals, request) => {
          const events = request ? [...held(), captureAsked(request.amount, request.final)] : held();
          const end = totals.reduce((state, total) => hear(state, captured(total, 5_000 - total)), foldPayment(events));
          expect(takenBy(end, 1)).toBe(Math.max(...totals));
        },
      ),
    );
  });
});

describe('a capture whose answer comes after what was heard of it', () => {
  it('is counted once, and so is what somebody else took meanwhile', () => {
    const asking = { state: foldPayment([...held(), captureAsked(300, false)]), attempt: 1 };
    const answered = { captureId: 'k1', amount: 300 };
    const heard = hear(asking.state, captured(300, 4_700));
    expect(Object.keys(heard.captures)).toEqual(['k1']);
    const moved = { state: heard, attempt: 1, answered };
    expect(unrecordedCaptures(moved, captured(300, 4_700), at)).toEqual([]);
    expect(unrecordedCaptures(moved, captured(600, 4_400), at)).toMatchObject([{ amount: 300 }]);
    const all = { ...moved, state: hear(heard, captured(600, 4_400)) };
    expect(unrecordedCaptures(all, captured(600, 4_400), at)).toEqual([]);
  });
});

describe('the settlements of captures', () => {
  const own: PaymentEvent[] = [3_000, 2_000].map((amount, index) => ({
    ...{ type: 'PaymentCaptured', ...about, captureId: `k${index + 1}`, amount, currency: 'usd', final: index === 1 },
  }));
  const booked = (settlementId: string, gross: number, over: object = {}) => ({
    ...{ settlementId, gross, fee: 0, net: gross, currency: 'usd', availableOn: at, ...over },
  });
  const both = [booked('txn_1', 3_000), booked('txn_2', 2_000)];
  const settledBy = ({ settlements }: Payment) =>
    Object.fromEntries(Object.values(settlements).map(({ settlementId, sourceId }) => [settlementId, sourceId]));
  const whole = foldPayment([...held(), ...own]);

  it('are each of the capture that took as much, whichever of them are told first and however often', () => {
    const subsets = [both, both.toReversed(), both.slice(0, 1), both.slice(1), []];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...subsets), { maxLength: 6 }), (told) => {
        const end = [...told, both].reduce(
          (state, settlements) => hear(state, { ...captured(5_000), settlements }),
          whole,
        );
        expect(settledBy(end)).toEqual({ txn_1: 'k1', txn_2: 'k2' });
      }),
    );
  });

  it('go by their order where a conversion hides what they are of, and what fits none is the last capture’s', () => {
    const euros = { currency: 'eur', sourceCurrency: 'usd' };
    const converted = [
      booked('txn_1', 2_700, { ...euros, sourceAmount: 2_999 }),
      booked('txn_2', 1_800, { ...euros, sourceAmount: 2_001 }),
    ];
    expect(settledBy(hear(whole, { ...captured(5_000), settlements: converted }))).toEqual({
      txn_1: 'k1',
      txn_2: 'k2',
    });
    const parts = [booked('txn_1', 3_000), booked('txn_2', 1_500), booked('txn_3', 500)];
    const end = hear(whole, { ...captured(5_000), settlements: parts });
    expect(settledBy(end)).toEqual({ txn_1: 'k1', txn_2: 'k2', txn_3: 'k2' });
    expect(hear(end, { ...captured(5_000), settlements: parts })).toEqual(end);
  });

  it('are kept back while the capture that they are of is not recorded', () => {
    const first = foldPayment([...held(), ...own.slice(0, 1)]);
    const facts = withSettlements(
      { kind: 'captured', facts: [] },
      { state: first, attempt: 1 },
      { ...captured(5_000), settlements: both.toReversed() },
      at,
    ).facts;
    expect(facts).toMatchObject([{ settlementId: 'txn_1', sourceId: 'k1' }]);
    expect(facts).toHaveLength(1);
  });

  it('are wanted until they are as much as was captured', () => {
    const wantedAfter = (...settlements: ReturnType<typeof booked>[]) =>
      standingFacts({ state: whole, attempt: 1 }, { ...captured(5_000), settlements }, at)?.settlement?.sourceId;
    expect(wantedAfter()).toBe('k1');
    expect(wantedAfter(booked('txn_1', 3_000))).toBe('k2');
    expect(wantedAfter(booked('txn_1', 3_000), booked('txn_2', 1_500))).toBe('k2');
    expect(wantedAfter(...both)).toBeUndefined();
  });

  it('are not the latest one that a charge shows, which is one of several', () => {
    const latest = { ...captured(5_000), settlement: booked('txn_2', 2_000) };
    expect(standingFacts({ state: whole, attempt: 1 }, latest, at)).toMatchObject({
      facts: [],
      settlement: { sourceId: 'k1' },
    });
    // Nor where both were heard of as one capture, also if a conversion hides that they are two.
    for (const settlement of [booked('txn_2', 2_000), booked('txn_2', 4_500, { currency: 'eur' })]) {
      const standing = standingFacts({ state: foldPayment(held()), attempt: 1 }, { ...latest, settlement }, at);
      expect(standing?.facts.map(({ type }) => type)).toEqual(['RecordCapture']);
      expect(standing?.settlement).toBeDefined();
    }
  });
});

describe('how a payment stands', () => {
  it('asks for the settlement of an only capture, until there is one', () => {
    const settlement = { settlementId: 'txn_1', gross: 5_000, fee: 175, net: 4_825, currency: 'usd', availableOn: at };
    const fresh = { state: foldPayment(asked('automatic')), attempt: 1 };
    const sourceId = automaticCaptureId(paymentId, 1);
    expect(standingFacts(fresh, captured(5_000), at)?.settlement).toMatchObject({ source: 'capture', sourceId });
    const known = { state: hear(fresh.state, captured(5_000)), attempt: 1 };
    expect(standingFacts(known, captured(5_000), at)).toMatchObject({ facts: [], settlement: { sourceId } });
    expect(standingFacts(known, { ...captured(5_000), settlement }, at)?.facts).toEqual([
      { type: 'RecordSettlement', source: 'capture', sourceId, ...settlement, at },
    ]);
    const settled = hear(known.state, { ...captured(5_000), settlement });
    expect(standingFacts({ state: settled, attempt: 1 }, captured(5_000), at)).toEqual({ kind: 'captured', facts: [] });
  });

  it('tells the end of a hold once it is known, and nothing more of it', () => {
    const hold = { processorPaymentId, currency: 'usd', captured: 0, status: 'authorized', amount: 5_000 } as const;
    const thin = { ...hold, multicapture: false };
    const full = { ...hold, multicapture: true, expiresAt: at };
    const state = foldPayment(asked());
    expect(hear(hear(state, thin), full).attempts[1]?.authorization).toEqual({
      amount: 5_000,
      expiresAt: at,
      multicapture: true,
    });
    expect(hear(hear(state, full), thin)).toEqual(hear(state, full));
    expect(standingFacts({ state: hear(state, full), attempt: 1 }, full, at)?.facts).toEqual([]);
  });

  it('keeps no client secret', () => {
    const acting: ProcessorPayment = {
      ...captured(0),
      status: 'action_required',
      action: 'use_stripe_sdk',
      clientSecret: 'pi_1_secret_x',
    };
    const standing = standingFacts({ state: foldPayment(asked()), attempt: 1 }, acting, at);
    expect(JSON.stringify(standing)).not.toContain('secret');
  });

  it('that is canceled has the reason of whoever asked for it, and is no news of an attempt that we ended', () => {
    const canceled: ProcessorPayment = { ...captured(0), status: 'canceled' };
    const facts = (events: PaymentEvent[]) => canceledFacts({ state: foldPayment(events), attempt: 1 }, canceled, at);
    expect(facts(held())).toMatchObject([{ type: 'RecordCancellation', reason: 'canceled_at_processor' }]);
    const cancel: PaymentEvent = { type: 'CancelRequested', ...about, cancelId: 'x', reason: 'duplicate' };
    expect(facts([...held(), cancel])).toMatchObject([{ reason: 'duplicate' }]);
    const failed = (code: string): PaymentEvent => ({ type: 'PaymentFailed', ...about, code });
    expect(facts([...asked(), failed('processor_unreachable')])).toEqual([]);
    expect(facts([...asked(), failed('payment_canceled')])).toEqual([]);
    expect(facts([...asked(), failed('card_declined')])).toHaveLength(1);
    const partly = canceledFacts({ state: foldPayment(held()), attempt: 1 }, { ...canceled, captured: 700 }, at);
    expect(partly).toMatchObject([{ type: 'RecordCapture', amount: 700 }, { type: 'RecordCancellation' }]);
  });
});

describe('how a refund stands', () => {
  const which = { refundId: 'r1', processorPaymentId };

  it('is told with its settlement, or with a wish for it', () => {
    const refund = { processorRefundId: 're_1', amount: 700 };
    expect(factsOfRefund(which, { ...refund, status: 'pending' }, at)).toMatchObject({
      facts: [{ outcome: 'pending' }],
    });
    expect(factsOfRefund(which, { ...refund, status: 'failed' }, at)).toMatchObject({
      facts: [{ outcome: 'failed', code: 'refund_failed' }],
    });
    expect(factsOfRefund(which, { ...refund, status: 'succeeded' }, at)).toMatchObject({
      settlement: { source: 'refund', sourceId: 'r1', processorId: 're_1' },
    });
  });

  it('is found by the id that the processor has for it', () => {
    const refundId = foreignRefundId(paymentId, 're_1');
    const { facts } = factsOfRefund(
      { refundId, processorPaymentId },
      { processorRefundId: 're_1', amount: 700, status: 'succeeded' },
      at,
    );
    const payment = after(hear(foldPayment(asked('automatic')), captured(5_000)), facts);
    expect(refundIdOf(payment, 're_1')).toBe(refundId);
    expect(refundIdOf(payment, 're_2')).toBeUndefined();
  });
});

describe('how a dispute stands', () => {
  const movement = (gross: number, settlementId: string) => ({
    settlementId,
    gross,
    fee: gross < 0 ? 1_500 : 0,
    net: gross < 0 ? gross - 1_500 : gross,
    currency: 'usd',
    availableOn: at,
  });
  const dispute = (
    status: ProcessorDispute['status'],
    movements: ProcessorDispute['movements'] = [],
  ): ProcessorDispute => ({
    processorDisputeId: 'du_1',
    processorPaymentId,
    amount: 5_000,
    currency: 'usd',
    reason: 'fraudulent',
    status,
    submissions: 0,
    movements,
  });
  const typesOf = (told: ProcessorDispute) => factsOfDispute(paymentId, told, at).map(({ type }) => type);

  it('moves nothing while the bank only asks', () => {
    for (const status of ['inquiry', 'inquiry_under_review', 'inquiry_closed', 'prevented'] as const) {
      expect(typesOf(dispute(status))).toEqual(['RecordDisputeReported']);
    }
  });

  it('tells each movement with its settlement, and the outcome', () => {
    const moved = [movement(-5_000, 'txn_1'), movement(5_000, 'txn_2'), movement(0, 'txn_3')];
    expect(typesOf(dispute('won', moved))).toEqual([
      'RecordDisputeReported',
      'RecordDisputeOpened',
      'RecordDisputeFunds',
      'RecordSettlement',
      'RecordDisputeFunds',
      'RecordSettlement',
      'RecordSettlement',
      'RecordDisputeClosed',
    ]);
  });

  it('ends in the same books in whatever order and however often it is told', () => {
    const moved = [movement(-5_000, 'txn_1')];
    const life = [
      dispute('needs_response'),
      dispute('needs_response', moved),
      dispute('under_review', moved),
      dispute('lost', moved),
    ];
    const paid = hear(foldPayment(asked('automatic')), captured(5_000));
    const told = (order: readonly ProcessorDispute[]) =>
      order.reduce((state, each) => after(state, factsOfDispute(paymentId, each, at)), paid);
    const inOrder = told(life);
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...life), { maxLength: 8 }),
        fc.shuffledSubarray(life, { minLength: 4 }),
        (more, all) => {
          expect(told([...more, ...all]).disputes).toEqual(inOrder.disputes);
        },
      ),
    );
  });
});

it('a payout is on its way, has arrived, or has failed', () => {
  const payout = { processorPayoutId: 'po_1', amount: 3_000, currency: 'usd', arrivesOn: at };
  const outcome = (status: 'pending' | 'in_transit' | 'paid' | 'failed' | 'canceled', failureCode?: string) =>
    factsOfPayout({ payoutId: 'p1', processorAccountId: 'acct_1' }, { ...payout, status, failureCode }, at)[0]?.outcome;
  expect(outcome('pending')).toEqual({ phase: 'in_transit' });
  expect(outcome('in_transit')).toEqual({ phase: 'in_transit' });
  expect(outcome('paid')).toEqual({ phase: 'paid' });
  expect(outcome('failed', 'account_closed')).toEqual({ phase: 'failed', code: 'account_closed' });
  expect(outcome('failed')).toEqual({ phase: 'failed', code: 'payout_failed' });
  expect(outcome('canceled')).toEqual({ phase: 'failed', code: 'canceled' });
});
