import { attemptOf, customers, payments } from '#command-handling/facts';
import { streamIdOf } from '#contracts';
import type { Payment, PaymentEvent } from '#domain/payment';
import { operationInFlight } from '#domain/payment';
import { UnknownTenant } from '#event-store';
import type { PaymentStanding } from '#processor';
import { LRUCache } from 'lru-cache';

import { attemptBehind, factsOfLook, keepSecret } from '../operations/look.js';
import type { Comparison } from './comparison.js';
import { differencesOf, goneFrom } from './differences.js';
import type { History } from './history.js';
import { readHistory, recordingOf, recordingsOf } from './history.js';
import type { Owner } from './owners.js';
import { paymentOwner } from './owners.js';
import type { Difference, Finding } from './run.js';

/** A payment of ours, with its stream, and which attempt at it the processor's payment is. */
interface Known {
  tenantId: string;
  shard: number;
  streamId: string;
  stream: History<Payment>;
  attempt: number;
}

/**
 * How long an operation's own answer may take before a comparison records what it would have told. A caller waits no longer than that,
 * and what wakes it is the answer: what a run records belongs to no request.
 */
const answerMs = 60_000;

/** Payments that a run remembers to have compared; one that it has forgotten is compared once more. */
const maxRemembered = 50_000;

/** Compares payments with everything about them, each once in a run, and records what was missing. */
export class PaymentComparison {
  readonly #comparison: Comparison;
  readonly #seen = new LRUCache<string, true>({ max: maxRemembered });

  constructor(comparison: Comparison) {
    this.#comparison = comparison;
  }

  /**
   * Looks at a payment of the processor's and compares it with ours. `expected`: whose we believe it to be, where that is known; then
   * it is missing there if there is none. Throws what says that the processor or the database is away.
   */
  async compare(processorPaymentId: string, expected?: Owner): Promise<void> {
    if (this.#seen.has(processorPaymentId)) return this.#comparison.stay();
    this.#seen.set(processorPaymentId, true);
    const about = { object: 'payment', processorId: processorPaymentId, ...expected } as const;
    try {
      await this.#comparison.attempt({ ...about, tenantId: expected?.tenantId }, async () => {
        await this.#comparison.compared('payment', await this.#compare(processorPaymentId, expected));
      });
    } catch (error) {
      this.#seen.delete(processorPaymentId);
      throw error;
    }
  }

  async #compare(processorPaymentId: string, expected: Owner | undefined): Promise<Finding[]> {
    const standing = await this.#comparison.ask((processor) => processor.retrieveStanding(processorPaymentId));
    if (!standing) {
      const about = { finding: 'missing_there', object: 'payment', aspect: 'payment' } as const;
      return expected
        ? [drift(expected.tenantId, { ...about, objectId: expected.objectId, processorId: processorPaymentId })]
        : [];
    }
    const known = await this.#knownAs(standing, expected);
    if (typeof known === 'object') return this.#repair(known, standing);
    const { currency, captured } = standing.payment;
    const processorId = processorPaymentId;
    const about = { finding: 'missing_here', object: 'payment', aspect: known, processorId } as const;
    return [drift(undefined, { ...about, theirs: captured, currency })];
  }

  /** Our payment, or why it is none of ours. What the processor's metadata says is a claim: our stream has to say the same. */
  async #knownAs(standing: PaymentStanding, expected: Owner | undefined): Promise<Known | string> {
    const { claim, payment } = standing;
    const { pool, reader, shards } = this.#comparison.office;
    const claimed =
      claim.tenantId !== undefined && claim.paymentId !== undefined
        ? { tenantId: claim.tenantId, objectId: claim.paymentId }
        : undefined;
    const owner = expected ?? claimed ?? (await paymentOwner(pool, payment.processorPaymentId));
    if (!owner) return 'no_tenant';
    const { tenantId } = owner;
    const shard = await shards.of(tenantId).catch((error: unknown) => {
      if (error instanceof UnknownTenant) return undefined;
      throw error;
    });
    if (shard === undefined) return 'tenant_unknown';
    const streamId = streamIdOf('payment', owner.objectId);
    const stream = await readHistory(reader, payments, { tenantId, shard, streamId });
    if (stream.state.paymentId === '') return 'payment_unknown';
    const attempt = attemptBehind(tenantId, stream.state, standing);
    if (attempt === undefined) return 'attempt_unknown';
    const known = { tenantId, shard, streamId, stream, attempt };
    return (await this.#isCustomers(known, standing)) ? known : 'customer_mismatch';
  }

  /** Whether the payment is of our payment's customer. Every one that we ask for has one, but a customer can be deleted there. */
  async #isCustomers({ tenantId, shard, stream }: Known, { claim, payment }: PaymentStanding): Promise<boolean> {
    const { processorCustomerId } = claim;
    if (processorCustomerId === undefined) return attemptOf(stream.state, payment.processorPaymentId) !== undefined;
    const streamId = streamIdOf('customer', stream.state.customerId);
    const { state } = await this.#comparison.office.desk.streams.load(customers, { tenantId, shard, streamId });
    return state.processorCustomerIds.includes(processorCustomerId);
  }

  /** Records what is missing here, and tells what that has put right and what is still not the same. */
  async #repair({ attempt, stream, ...place }: Known, standing: PaymentStanding): Promise<Finding[]> {
    const { tenantId } = place;
    const { desk, reader } = this.#comparison.office;
    if (this.#awaitsAnswer(stream)) return [];
    await keepSecret(desk, tenantId, stream.state, attempt, standing.payment);
    const at = this.#comparison.now().toISOString();
    const facts = (state: Payment) => factsOfLook(tenantId, state, attempt, standing, at).facts;
    const { runId } = this.#comparison.run;
    const { processorPaymentId } = standing.payment;
    const context = { ...place, ...recordingOf(runId, processorPaymentId, stream.version) };
    const recorded = await desk.streams.record(payments, context, facts, stream);
    const differences = (of: Payment) => differencesOf(tenantId, of, attempt, standing);
    // Read again also where nothing was recorded: a webhook may have been faster.
    const hasMoved = recorded.length > 0 || differences(stream.state).length > 0;
    const { state, events } = hasMoved ? await readHistory(reader, payments, place) : stream;
    const repaired = recordingsOf(payments, events, runId, processorPaymentId).flatMap((recording) => {
      const gone = goneFrom(differences(recording.before), differences(recording.after));
      return gone.length > 0 ? gone : detailsIn(recording.events, state.paymentId, standing);
    });
    // While an operation is under way its own answer is still to come: what it will tell is no drift.
    const left = operationInFlight(state) ? [] : differences(state);
    return [
      ...repaired.map((difference): Finding => ({ ...difference, tenantId, outcome: 'repaired' })),
      ...left.map((difference) => drift(tenantId, difference)),
    ];
  }

  /** Whether an operation was asked for just now: its answer is on its way. */
  #awaitsAnswer({ state, events }: History<Payment>): boolean {
    const last = events.at(-1);
    if (!last || !operationInFlight(state)) return false;
    return this.#comparison.now().getTime() - Date.parse(last.recordedAt) < answerMs;
  }
}

/** Facts that were missing and are no amount or status, such as that evidence was submitted. A contradiction is no repair. */
const detailsIn = (recorded: readonly PaymentEvent[], objectId: string, { payment }: PaymentStanding): Difference[] => {
  const [fact] = recorded.filter(({ type }) => type !== 'DriftDetected');
  if (!fact) return [];
  const { processorPaymentId: processorId } = payment;
  return [{ finding: 'missing_here', object: 'payment', aspect: 'details', objectId, processorId, theirs: fact.type }];
};

const drift = (tenantId: string | undefined, difference: Difference): Finding => ({
  ...difference,
  tenantId,
  outcome: 'drift',
});
