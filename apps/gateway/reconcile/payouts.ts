import { connectedAccounts, factsOfPayout, foreignPayoutId, payouts } from '#command-handling/facts';
import { streamIdOf } from '#contracts';
import type { Payout } from '#domain/payout';
import type { ProcessorPayout } from '#processor';
import { LRUCache } from 'lru-cache';

import { factsOfAccount } from '../operations/lookup-connected-account.js';
import type { Comparison } from './comparison.js';
import { goneFrom } from './differences.js';
import type { History } from './history.js';
import { readHistory, recordingOf, recordingsOf } from './history.js';
import type { LinkedAccount } from './owners.js';
import type { Difference, Finding } from './run.js';
import type { Window } from './slices.js';

/** In which of our phases a payout may be while the processor's has a status. */
const phaseOf: Readonly<Record<ProcessorPayout['status'], Payout['stage']['phase']>> = {
  pending: 'in_transit',
  in_transit: 'in_transit',
  paid: 'paid',
  failed: 'failed',
  canceled: 'failed',
};

/** In what a payout at the processor and ours do not say the same. Pure. */
export const payoutDifferences = (objectId: string, ours: Payout, theirs: ProcessorPayout): Difference[] => {
  const { processorPayoutId: processorId, amount, currency, status } = theirs;
  const about = { object: 'payout' as const, objectId, processorId };
  if (ours.payoutId === '') return [{ ...about, finding: 'missing_here', aspect: status, theirs: amount, currency }];
  const found: Difference[] = [];
  if (ours.amount !== amount || ours.currency !== currency) {
    found.push({ ...about, finding: 'differs', aspect: 'amount', ours: ours.amount, theirs: amount, currency });
  }
  if (ours.processorPayoutId !== processorId) {
    found.push({ ...about, finding: 'differs', aspect: 'payout', ours: ours.processorPayoutId, theirs: processorId });
  }
  if (ours.stage.phase !== phaseOf[status]) {
    found.push({ ...about, finding: 'differs', aspect: 'status', ours: ours.stage.phase, theirs: status });
  }
  return found;
};

/** Below 0 the processor took money from the bank account: nobody was paid. */
const isDebit = ({ amount }: ProcessorPayout): boolean => amount < 0;

/** The processor's clock and ours may differ by so much. */
const skewMs = 3_600_000;
/** A payout that fails late was made long before: how far back an account's payouts are listed to find one of ours there. */
const lookBackMs = 45 * 24 * 3_600_000;
/** Ids of payouts that a run remembers, over all accounts. */
const maxRemembered = 100_000;

/** Compares connected accounts and their payouts. */
export class PayoutComparison {
  readonly #comparison: Comparison;
  readonly #listed = new LRUCache<string, ReadonlySet<string>>({
    maxSize: maxRemembered,
    sizeCalculation: (ids) => ids.size + 1,
  });

  constructor(comparison: Comparison) {
    this.#comparison = comparison;
  }

  /** Looks how an account stands, and compares the payouts of the window. Nothing where the link is not in the account's stream. */
  async compareAccount(account: LinkedAccount, window: Window): Promise<void> {
    const { office } = this.#comparison;
    const { tenantId, processorAccountId } = account;
    const shard = await office.shards.of(tenantId);
    const place = { tenantId, shard, streamId: streamIdOf('connected_account', account.objectId) };
    const linked = await readHistory(office.reader, connectedAccounts, place);
    if (linked.state.processorAccountId !== processorAccountId) return;
    const found = await this.#comparison.ask((processor) => processor.retrieveAccount(processorAccountId));
    const about = {
      object: 'account',
      aspect: 'account',
      objectId: account.objectId,
      processorId: processorAccountId,
    } as const;
    if (!found) {
      await this.#comparison.compared('account', [{ ...about, finding: 'missing_there', tenantId, outcome: 'drift' }]);
      return;
    }
    const { runId } = this.#comparison.run;
    const facts = factsOfAccount(found, this.#comparison.now().toISOString());
    const context = { ...place, ...recordingOf(runId, processorAccountId, linked.version) };
    const recorded = await office.desk.streams.record(connectedAccounts, context, facts, linked);
    const isRepaired =
      recorded.length > 0 || recordingsOf(connectedAccounts, linked.events, runId, processorAccountId).length > 0;
    const repaired: Finding = { ...about, aspect: 'status', finding: 'differs', tenantId, outcome: 'repaired' };
    await this.#comparison.compared('account', isRepaired ? [repaired] : []);
    const listed = this.#comparison.list((processor) => processor.listPayouts(window, processorAccountId));
    for await (const { payout } of listed) {
      if (isDebit(payout)) continue;
      await this.#comparison.compared('payout', await this.#compare({ tenantId, shard, processorAccountId }, payout));
    }
  }

  /** Whether a payout of ours is unknown to the processor: `missing_there`. */
  async compareOwn(place: { tenantId: string; streamId: string }, window: Window): Promise<void> {
    const { office } = this.#comparison;
    const shard = await office.shards.of(place.tenantId);
    const history = await readHistory(office.reader, payouts, { ...place, shard });
    const { payoutId, processorPayoutId: processorId, processorAccountId, amount, currency, stage } = history.state;
    if (payoutId === '') return;
    if ((await this.#payoutsOf(processorAccountId, window)).has(processorId)) return;
    if (await this.#isOlder(history, window)) return;
    const about = {
      object: 'payout',
      aspect: stage.phase,
      objectId: payoutId,
      processorId,
      ours: amount,
      currency,
    } as const;
    const { tenantId } = place;
    await this.#comparison.compared('payout', [{ ...about, finding: 'missing_there', tenantId, outcome: 'drift' }]);
  }

  async #compare(
    { tenantId, shard, processorAccountId }: { tenantId: string; shard: number; processorAccountId: string },
    payout: ProcessorPayout,
  ): Promise<Finding[]> {
    const { desk, reader } = this.#comparison.office;
    const { processorPayoutId } = payout;
    const payoutId = foreignPayoutId(tenantId, processorPayoutId);
    const place = { tenantId, shard, streamId: streamIdOf('payout', payoutId) };
    const stream = await readHistory(reader, payouts, place);
    const { runId } = this.#comparison.run;
    const facts = factsOfPayout({ payoutId, processorAccountId }, payout, this.#comparison.now().toISOString());
    const context = { ...place, ...recordingOf(runId, processorPayoutId, stream.version) };
    const recorded = await desk.streams.record(payouts, context, facts, stream);
    const differences = (of: Payout) => payoutDifferences(payoutId, of, payout);
    // Read again also where nothing was recorded: a webhook may have been faster.
    const hasMoved = recorded.length > 0 || differences(stream.state).length > 0;
    const { state, events } = hasMoved ? await readHistory(reader, payouts, place) : stream;
    const repaired = recordingsOf(payouts, events, runId, processorPayoutId).flatMap(({ before, after }) =>
      goneFrom(differences(before), differences(after)),
    );
    return [
      ...repaired.map((difference): Finding => ({ ...difference, tenantId, outcome: 'repaired' })),
      ...differences(state).map((difference): Finding => ({ ...difference, tenantId, outcome: 'drift' })),
    ];
  }

  /** Whether the processor has a payout of ours that was made too long before the window to be among the account's payouts. */
  async #isOlder({ state, events }: History<Payout>, { from }: Window): Promise<boolean> {
    const toldAt = Date.parse(events[0]?.recordedAt ?? state.arrivesOn);
    const soonest = Math.min(toldAt, Date.parse(state.arrivesOn));
    if (soonest >= from.getTime()) return false;
    const made = { from: new Date(soonest - lookBackMs), to: new Date(toldAt + skewMs) };
    for await (const { payout } of this.#comparison.list((asked) =>
      asked.listPayouts(made, state.processorAccountId),
    )) {
      if (payout.processorPayoutId === state.processorPayoutId) return true;
      await this.#comparison.stay();
    }
    return false;
  }

  /** The ids of an account's payouts, from well before the window on. */
  async #payoutsOf(processorAccountId: string, { from, to }: Window): Promise<ReadonlySet<string>> {
    const remembered = this.#listed.get(processorAccountId);
    if (remembered) return remembered;
    const ids = new Set<string>();
    const window = { from: new Date(from.getTime() - lookBackMs), to };
    for await (const { payout } of this.#comparison.list((asked) => asked.listPayouts(window, processorAccountId))) {
      ids.add(payout.processorPayoutId);
      await this.#comparison.stay();
    }
    this.#listed.set(processorAccountId, ids);
    return ids;
  }
}
