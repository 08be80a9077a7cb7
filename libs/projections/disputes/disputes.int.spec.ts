import { randomUUID } from 'node:crypto';

import type { PaymentEvent } from '#domain/payment';
import { decide, evolve, foldPayment } from '#domain/payment';
import fc from 'fast-check';

import {
  disputeOf,
  disputeView,
  evolveDisputedPayment,
  getDispute,
  initialDisputedPayment,
  listDisputes,
  rebuildReadModels,
  verifyReadModels,
} from '../index.js';
import { charge, interleaved } from '../testing/log-writer.js';
import type { Projected } from '../testing/projected.js';
import { openProjected } from '../testing/projected.js';

let projected: Projected;
beforeEach(async () => {
  projected = await openProjected();
});
afterEach(() => projected.close());

const statuses = ['inquiry', 'needs_response', 'under_review', 'won', 'lost'] as const;
type Step =
  | { kind: 'report'; status: (typeof statuses)[number] }
  | { kind: 'open' }
  | { kind: 'funds'; movement: number; direction: 'withdrawn' | 'reinstated' }
  | { kind: 'close'; outcome: 'won' | 'lost' }
  | { kind: 'evidence'; nr: number; ends: 'sent' | 'failed' | 'open' };
const step: fc.Arbitrary<{ dispute: number; step: Step }> = fc.record({
  dispute: fc.nat({ max: 1 }),
  step: fc.oneof(
    fc.record({ kind: fc.constant('report' as const), status: fc.constantFrom(...statuses) }),
    fc.constant({ kind: 'open' as const }),
    fc.record({
      kind: fc.constant('funds' as const),
      movement: fc.nat({ max: 2 }),
      direction: fc.constantFrom('withdrawn' as const, 'reinstated' as const),
    }),
    fc.record({ kind: fc.constant('close' as const), outcome: fc.constantFrom('won' as const, 'lost' as const) }),
    fc.record({
      kind: fc.constant('evidence' as const),
      nr: fc.nat({ max: 2 }),
      ends: fc.constantFrom('sent' as const, 'failed' as const, 'open' as const),
    }),
  ),
});

/** What the deciders make of steps on a charged payment with up to two disputes. Evidence enters as it stands in the log. */
const story = (steps: readonly { dispute: number; step: Step }[]): PaymentEvent[] => {
  const paymentId = randomUUID();
  const disputes = [randomUUID(), randomUUID()];
  const evidence = [randomUUID(), randomUUID(), randomUUID()];
  const events = charge({ paymentId });
  let payment = foldPayment(events);
  const add = (more: PaymentEvent[]): void => {
    for (const event of more) payment = evolve(payment, event);
    events.push(...more);
  };
  for (const [minute, { dispute, step: next }] of steps.entries()) {
    const at = `2026-11-03T10:${String(minute).padStart(2, '0')}:00.000Z`;
    const disputeId = disputes[dispute] as string;
    const about = { disputeId, amount: 1_000 + dispute, at };
    const processorDisputeId = `du_${disputeId}`;
    if (next.kind === 'report') {
      const told = { processorDisputeId, status: next.status, reason: 'fraudulent', submissions: 0 };
      add(decide({ type: 'RecordDisputeReported', ...about, ...told }, payment));
    } else if (next.kind === 'open') add(decide({ type: 'RecordDisputeOpened', ...about }, payment));
    else if (next.kind === 'close')
      add(decide({ type: 'RecordDisputeClosed', ...about, outcome: next.outcome }, payment));
    else if (next.kind === 'funds') {
      const { movement, direction } = next;
      const movementId = `txn_${movement}`;
      add(decide({ type: 'RecordDisputeFunds', ...about, movementId, direction }, payment));
    } else if (payment.disputes[disputeId]) {
      const evidenceId = evidence[next.nr] as string;
      const sealed = { evidence: 'v1.1.sealed', submit: false };
      add([{ type: 'DisputeEvidenceRequested', disputeId, evidenceId, processorDisputeId, ...sealed, at }]);
      const outcome = next.ends === 'sent' ? { submitted: false } : { code: 'dispute_past_due' };
      if (next.ends !== 'open')
        add(decide({ type: 'RecordEvidenceOutcome', disputeId, evidenceId, outcome, at }, payment));
    }
  }
  return events;
};

/** What a query should show, folded from whole streams. */
const expected = (streams: readonly PaymentEvent[][]) =>
  streams.flatMap((events) => {
    const payment = events.reduce(evolveDisputedPayment, initialDisputedPayment);
    return Object.keys(payment.disputes).flatMap((id) => {
      const shown = disputeOf(payment, id);
      return shown ? [disputeView(shown)] : [];
    });
  });
const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);
const listed = async () => {
  const found = [];
  let cursor: string | undefined;
  for (let page = 0; page < 20; page += 1) {
    const { data, nextCursor } = await listDisputes(projected.api, projected.tenantId, { limit: 100, cursor });
    found.push(...data);
    if (nextCursor === null) break;
    cursor = nextCursor;
  }
  return found;
};

describe('the read model of disputes', () => {
  it('shows each dispute as its payment folds it, however the log is cut, before and after a rebuild', async () => {
    const streams = fc.sample(fc.array(step, { minLength: 1, maxLength: 12 }), { numRuns: 120, seed: 7 }).map(story);
    const written = interleaved(projected.tenantId, streams);
    const wanted = expected(streams).sort(byId);
    expect(wanted.length).toBeGreaterThan(100);
    expect(new Set(wanted.map(({ status }) => status)).size).toBe(statuses.length);
    expect(wanted.some(({ evidence }) => evidence.length > 1)).toBe(true);
    for (const [from, to] of [
      [0, 333],
      [333, 500],
      [500, written.length],
    ]) {
      await projected.writer.write(written.slice(from, to));
      await projected.project();
    }
    expect((await listed()).sort(byId)).toEqual(wanted);
    const [found] = (await verifyReadModels(projected.pools.projector)).filter(({ model }) => model === 'disputes');
    expect(found?.differences).toEqual([]);
    const [rebuilt] = await rebuildReadModels(projected.pools, { names: ['disputes'] });
    expect(rebuilt?.differing).toBe(0);
    expect((await listed()).sort(byId)).toEqual(wanted);
  }, 60_000);

  it('belongs to its tenant, is written by the projector alone, and read by the command worker too', async () => {
    const events = story([{ dispute: 0, step: { kind: 'open' } }]);
    await projected.writer.write(interleaved(projected.tenantId, [events]));
    await projected.project();
    const [dispute] = await listed();
    const id = dispute?.id ?? '';
    const { database, tenantId } = projected;
    const other = await database.addTenant();
    for (const role of ['billing_api', 'billing_command_worker'] as const) {
      const pool = database.pool(role);
      expect(await getDispute(pool, tenantId, id)).toMatchObject({ version: events.length, value: { id } });
      expect(await getDispute(pool, other, id)).toBeUndefined();
      expect((await pool.query('select from billing.rm_dispute')).rowCount).toBe(0);
      await expect(pool.query('delete from billing.rm_dispute')).rejects.toThrow('permission denied');
    }
    for (const role of ['billing_gateway', 'billing_webhook_ingest', 'billing_relay'] as const)
      await expect(database.pool(role).query('select from billing.rm_dispute')).rejects.toThrow('permission denied');
  });
});
