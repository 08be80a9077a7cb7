import fc from 'fast-check';
import { balancesOf, postingsOf } from '../ledger/index.js';
import { Refusal } from '../refusal.js';
import { arbitraryFact, arbitraryRequest } from '../testing/arbitraries.spec.js';
import * as words from '../testing/payments.js';
import {
  breachesOf,
  captured,
  decide,
  disputeBooked,
  disputed,
  evolve,
  foldPayment,
  operationInFlight,
  refunded,
  refundsPending,
  statusOf,
  type Payment,
  type PaymentCommand,
  type PaymentEvent,
} from './index.js';
import { capturedBy } from './views.js';

const facts = fc.array(arbitraryFact(), { maxLength: 14 });
const request = arbitraryRequest();
const attempts = [words.created(), words.requested(1), words.requested(2)];
/** Requests of which the facts then tell the outcome. */
const asked = [
  ...attempts,
  words.captureRequested(5_000, 'k1'),
  words.event('CancelRequested', { ...words.charge(), cancelId: 'x1' }),
  words.refundRequested(1_200, 'r2'),
];

/** The events that `command` leads to; none where it is refused. */
const attemptTo = (command: PaymentCommand, payment: Payment): PaymentEvent[] => {
  try {
    return decide(command, payment);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    return [];
  }
};

/** The stream that grows out of `history` as the commands arrive. */
const play = (history: PaymentEvent[], commands: PaymentCommand[]): PaymentEvent[] => {
  const stream = [...history];
  let payment = foldPayment(stream);
  for (const command of commands) {
    const events = attemptTo(command, payment);
    stream.push(...events);
    payment = events.reduce(evolve, payment);
  }
  return stream;
};

/**
 * What the processor would answer to whatever is in flight, so that random commands get anywhere; `fails` lets it refuse.
 */
const answer = (payment: Payment, fails: boolean): PaymentCommand[] => {
  const operation = operationInFlight(payment);
  if (!operation) return [];
  const { kind, id } = operation;
  const code = 'card_declined';
  switch (kind) {
    case 'confirmation': {
      if (fails) return [words.ask('RecordConfirmationRefused', { confirmationId: id, code })];
      return [words.ask('RecordConfirmationInspected', { confirmationId: id, methodKind: 'card' })];
    }
    case 'attempt': {
      const charge = words.charge(Number(id));
      if (fails) return [words.ask('RecordFailure', { ...charge, code })];
      return [words.ask('RecordAuthorization', { ...charge, amount: payment.amount, multicapture: true })];
    }
    case 'action': {
      const { attempt } = payment.actions![id]!;
      if (fails) return [words.ask('RecordActionStillRequired', { actionId: id, attempt })];
      return [words.ask('RecordAuthorization', { ...words.charge(attempt), amount: payment.amount })];
    }
    case 'capture': {
      const { attempt, amount, final } = payment.captures[id]!;
      if (fails) return [words.ask('RecordCaptureFailure', { captureId: id, code })];
      return [words.ask('RecordCapture', { ...words.charge(attempt), captureId: id, amount, final })];
    }
    case 'cancel': {
      if (fails) return [words.ask('RecordCancelFailure', { cancelId: id, code })];
      return [words.ask('RecordCancellation', { attempt: payment.cancels[id]!.attempt })];
    }
    case 'refund': {
      const refund = { type: 'RecordRefundOutcome', refundId: id, amount: payment.refunds[id]!.amount } as const;
      if (fails) return [{ ...refund, outcome: 'failed', code, at: words.at }];
      return [{ ...refund, outcome: 'succeeded', processorRefundId: `re_${id}`, at: words.at }];
    }
  }
};

describe('any facts, in any order, however often', () => {
  const orders = facts.chain((some) =>
    fc.tuple(
      fc.constant(some),
      fc.shuffledSubarray([...some, ...some], { minLength: 2 * some.length, maxLength: 2 * some.length }),
      fc.constantFrom(attempts, asked),
    ),
  );

  it('end in the same state, status and ledger balances', () => {
    fc.assert(
      fc.property(orders, ([once, shuffledTwice, history]) => {
        const one = play(history, once);
        const other = play(history, shuffledTwice);
        expect(foldPayment(other)).toEqual(foldPayment(one));
        expect(statusOf(foldPayment(other))).toBe(statusOf(foldPayment(one)));
        expect(balancesOf(other)).toEqual(balancesOf(one));
      }),
      { numRuns: 1_500 },
    );
  });

  it('are refused never, and repeated change nothing', () => {
    fc.assert(
      fc.property(facts, (some) => {
        let payment = foldPayment(attempts);
        for (const fact of some) {
          payment = decide(fact, payment).reduce(evolve, payment);
          expect(decide(fact, payment)).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are recorded and flagged when they break an invariant, never lost', () => {
    fc.assert(
      fc.property(facts, (some) => {
        const stream = play(attempts, some);
        const payment = foldPayment(stream);
        const flagged = new Set(stream.flatMap((event) => (event.type === 'DriftDetected' ? [event.rule] : [])));
        for (const { rule } of breachesOf(payment)) expect(flagged).toContain(rule);
        for (const fact of some) {
          if (fact.type === 'RecordCapture') expect(payment.captures[fact.captureId]?.stage.phase).toBe('captured');
          if (fact.type === 'RecordRefundOutcome') expect(payment.refunds).toHaveProperty(fact.refundId);
          if (fact.type === 'RecordDisputeOpened') expect(payment.disputes).toHaveProperty(fact.disputeId);
          if (fact.type === 'RecordDisputeClosed') expect(payment.disputes[fact.disputeId]?.[fact.outcome]).toBe(true);
          if (fact.type === 'RecordDisputeFunds') {
            expect(payment.disputes[fact.disputeId]?.movements).toHaveProperty(fact.movementId);
          }
          if (fact.type === 'RecordSettlement') expect(payment.settlements).toHaveProperty(fact.settlementId);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('leave books in which each event sums to zero and the accounts agree with the payment', () => {
    fc.assert(
      fc.property(orders, ([, shuffledTwice, history]) => {
        const stream = play(history, shuffledTwice);
        for (const event of stream) {
          const amounts = postingsOf(event).map(({ amount }) => amount);
          expect(amounts.reduce((a, b) => a + b, 0)).toBe(0);
          expect(amounts).not.toContain(0);
        }
        const payment = foldPayment(stream);
        const balances = balancesOf(stream);
        const disputes = Object.values(payment.disputes);
        const total = (some: { amount: number }[]) => some.reduce((all, { amount }) => all + amount, 0);
        const booked = (as: string) => total(disputes.filter((dispute) => disputeBooked(dispute) === as));
        const owed = captured(payment) - refunded(payment) - refundsPending(payment) - booked('lost');
        expect(balances.get('tenant_payable usd') ?? 0).toBe(owed === 0 ? 0 : -owed);
        expect(balances.get('refunds_in_flight usd') ?? 0).toBe(0 - refundsPending(payment));
        expect(balances.get('disputes_held usd') ?? 0).toBe(booked('open'));
      }),
      { numRuns: 500 },
    );
  });
});

describe('any commands, among any facts', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: request.map((command) => ({ command })) },
    { weight: 5, arbitrary: fc.boolean().map((fails) => ({ fails })) },
    { weight: 1, arbitrary: arbitraryFact().map((command) => ({ command })) },
  );
  const walks = fc.record({
    history: fc.constantFrom([words.created()], words.anAuthorization(true), words.aCharge()),
    steps: fc.array(step, { minLength: 5, maxLength: 30, size: 'max' }),
  });
  /** Calls `check` with the payment before and after each command; `events` is empty where it was refused. */
  const walk = (
    { history, steps }: typeof walks extends fc.Arbitrary<infer W> ? W : never,
    check: (command: PaymentCommand, events: PaymentEvent[], after: Payment, before: Payment) => void,
  ) => {
    let payment = foldPayment(history);
    for (const step of steps) {
      const commands = 'command' in step ? [step.command] : answer(payment, step.fails);
      for (const command of commands) {
        const before = payment;
        const events = attemptTo(command, before);
        payment = events.reduce(evolve, before);
        check(command, events, payment, before);
      }
    }
  };

  it('never make captured exceed authorized', () => {
    let captures = 0;
    fc.assert(
      fc.property(walks, (some) =>
        walk(some, (command, [event], _after, before) => {
          if (command.type !== 'CapturePayment' || event?.type !== 'CaptureRequested') return;
          captures += 1;
          const { attempt, amount } = event;
          expect(amount).toBeGreaterThan(0);
          expect(capturedBy(before, attempt) + amount).toBeLessThanOrEqual(
            before.attempts[attempt]?.authorization?.amount ?? 0,
          );
        }),
      ),
      { numRuns: 1_000 },
    );
    expect(captures).toBeGreaterThan(100); // or the walk never got that far
  });

  it('never make refunded plus pending exceed captured less open or lost disputes', () => {
    let refunds = 0;
    fc.assert(
      fc.property(walks, (some) =>
        walk(some, (command, [event], after) => {
          if (command.type !== 'RefundPayment' || event?.type !== 'RefundRequested') return;
          refunds += 1;
          expect(event.amount).toBeGreaterThan(0);
          expect(refunded(after) + refundsPending(after)).toBeLessThanOrEqual(captured(after) - disputed(after));
        }),
      ),
      { numRuns: 1_000 },
    );
    expect(refunds).toBeGreaterThan(100);
  });

  it('change nothing when repeated', () => {
    fc.assert(
      fc.property(walks, (some) =>
        walk(some, (command, _events, after) => {
          expect(attemptTo(command, after)).toEqual([]);
        }),
      ),
      { numRuns: 500 },
    );
  });
});
