import type { DisputeStatus } from '#domain/payment';
import { randomUUID } from 'node:crypto';

import type { Reply } from './testing/call.js';
import { disputed } from './testing/disputed.js';
import type { Disputed } from './testing/disputed.js';
import { expectProblem } from './testing/expect-problem.js';
import type { Payer } from './testing/payer.js';
import { charged, createPayer } from './testing/payer.js';
import type { RunningApi, TestTenant } from './testing/running-api.js';
import { startApi } from './testing/running-api.js';

let api: RunningApi;
let tenant: TestTenant;
let stranger: TestTenant;
let payer: Payer;

beforeAll(async () => {
  api = await startApi({ readModels: true });
  [tenant, stranger] = await Promise.all([api.tenant(), api.tenant()]);
  payer = await createPayer(api, tenant);
});
afterAll(() => api.close());

const at = '2026-11-04T10:00:00.000Z';
const statement = 'Ada Lovelace signed for it at 1 Analytical Row.';
const body = { evidence: { customerName: 'Ada Lovelace', uncategorizedText: statement } };
const withKey = (key: string = randomUUID()) => ({ 'idempotency-key': key });

/** A charged payment and a dispute about it. */
const openDispute = async (options?: Disputed): Promise<{ paymentId: string; disputeId: string }> => {
  const paymentId = await charged(api, tenant, payer);
  return { paymentId, disputeId: await disputed(api, tenant, paymentId, options) };
};
const get = async (disputeId: string): Promise<Reply> => {
  await api.caughtUp();
  return tenant.get(`/v1/disputes/${disputeId}`);
};
const send = (disputeId: string, more: unknown = body, headers = withKey(), caller = tenant): Promise<Reply> =>
  caller.post(`/v1/disputes/${disputeId}/evidence`, more, headers);
/** The processor's answer to the newest evidence. */
const answer = async (
  { paymentId, disputeId }: { paymentId: string; disputeId: string },
  outcome: { submitted: boolean } | { code: string },
): Promise<void> => {
  const events = await api.processor.eventsOf(tenant.id, `payment-${paymentId}`);
  const request = events.findLast(({ type }) => type === 'DisputeEvidenceRequested')?.event;
  const { evidenceId } = request as unknown as { evidenceId: string };
  await api.processor.report(tenant.id, paymentId, {
    type: 'RecordEvidenceOutcome',
    disputeId,
    evidenceId,
    outcome,
    at,
  });
};
const writesNothing = async (call: () => Promise<Reply>): Promise<Reply> => {
  const before = await api.written();
  const reply = await call();
  expect(await api.written()).toEqual(before);
  return reply;
};

describe('a dispute', () => {
  it('is shown with its payment, what the bank says, and where the money is', async () => {
    const { paymentId, disputeId } = await openDispute();
    const reply = await get(disputeId);
    expect(reply.status).toBe(200);
    expect(reply.json).toEqual({
      id: disputeId,
      paymentId,
      amount: 5_000,
      currency: 'usd',
      status: 'needs_response',
      reason: 'fraudulent',
      evidenceDueBy: '2099-01-01T00:00:00.000Z',
      evidenceSubmissions: 0,
      fundsWithdrawn: true,
      evidence: [],
      processorDisputeId: `du_${disputeId}`,
      createdAt: '2026-11-03T10:00:00.000Z',
    });
    expect(reply.headers.get('etag')).toMatch(/^"\d+"$/);
    expect((await tenant.get(`/v1/payments/${paymentId}`)).json.status).toBe('disputed');
  });

  it('that is only an inquiry has an amount, and took no money', async () => {
    const { paymentId, disputeId } = await openDispute({ status: 'inquiry', amount: 4_000 });
    const { json } = await get(disputeId);
    expect(json).toMatchObject({ status: 'inquiry', amount: 4_000, fundsWithdrawn: false });
    expect((await tenant.get(`/v1/payments/${paymentId}`)).json.status).toBe('succeeded');
  });

  it('that was won gives the money back', async () => {
    const { paymentId, disputeId } = await openDispute({ status: 'won' });
    const funds = { movementId: 'txn_back', direction: 'reinstated', amount: 5_000, at } as const;
    await api.processor.report(tenant.id, paymentId, { type: 'RecordDisputeFunds', disputeId, ...funds });
    expect((await get(disputeId)).json).toMatchObject({ status: 'won', fundsWithdrawn: false });
  });

  it('that nobody has is not found, and neither is a word that is no id', async () => {
    expectProblem(await tenant.get(`/v1/disputes/${randomUUID()}`), 404, 'dispute_not_found', 'id');
    expectProblem(await tenant.get('/v1/disputes/du_1'), 404, 'dispute_not_found', 'id');
  });

  it('of another tenant is not found, to read or to write', async () => {
    const { paymentId, disputeId } = await openDispute();
    await api.caughtUp();
    expectProblem(await stranger.get(`/v1/disputes/${disputeId}`), 404, 'dispute_not_found', 'id');
    const reply = await writesNothing(() => send(disputeId, body, withKey(), stranger));
    expectProblem(reply, 404, 'dispute_not_found', 'disputeId');
    for (const query of ['', `?paymentId=${paymentId}`, '?status=needs_response'])
      expect((await stranger.get(`/v1/disputes${query}`)).json.data).toEqual([]);
  });
});

describe('the list of disputes', () => {
  it('is newest first, by payment and by status, page by page', async () => {
    const owner = await api.tenant();
    const theirs = await createPayer(api, owner, 'grace@example.com');
    const paymentId = await charged(api, owner, theirs);
    const made: string[] = [];
    const statuses: DisputeStatus[] = ['lost', 'under_review', 'needs_response'];
    for (const [day, status] of statuses.entries())
      made.push(
        await disputed(api, owner, paymentId, { status, amount: 100, at: `2026-11-0${day + 3}T10:00:00.000Z` }),
      );
    const other = await disputed(api, owner, await charged(api, owner, theirs), { at: '2026-11-09T10:00:00.000Z' });
    await api.caughtUp();
    const ids = async (query: string) => {
      const { json } = await owner.get(`/v1/disputes${query}`);
      return (json.data as { id: string }[]).map(({ id }) => id);
    };
    const newestFirst = made.toReversed();
    expect(await ids('')).toEqual([other, ...newestFirst]);
    expect(await ids(`?paymentId=${paymentId}`)).toEqual(newestFirst);
    expect(await ids('?status=under_review')).toEqual([made[1]]);
    expect(await ids(`?paymentId=${paymentId}&status=prevented`)).toEqual([]);
    expect(await ids('?createdFrom=2026-11-04T00:00:00Z&createdTo=2026-11-05T00:00:00Z')).toEqual([made[1]]);
    const first = await owner.get('/v1/disputes?limit=3');
    const second = await owner.get(`/v1/disputes?limit=3&cursor=${String(first.json.nextCursor)}`);
    expect((first.json.data as { id: string }[]).map(({ id }) => id)).toEqual([other, ...newestFirst.slice(0, 2)]);
    expect([(second.json.data as { id: string }[]).map(({ id }) => id), second.json.nextCursor]).toEqual([
      [made[0]],
      null,
    ]);
  });
});

describe('evidence', () => {
  it('is accepted, waits for the processor, and is shown without what it says', async () => {
    const dispute = await openDispute();
    const key = withKey();
    const reply = await send(dispute.disputeId, body, key);
    expect(reply.status).toBe(202);
    const pending = { id: expect.any(String) as string, status: 'pending', failureCode: null };
    expect(reply.json).toMatchObject({ id: dispute.disputeId, status: 'needs_response', evidence: [pending] });
    await answer(dispute, { submitted: true });
    const again = await send(dispute.disputeId, body, key);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    expect(again.json.evidence).toMatchObject([{ ...pending, status: 'submitted' }]);
    const read = await get(dispute.disputeId);
    expect(read.json).toEqual(again.json);
    expect(read.headers.get('etag')).toBe(again.headers.get('etag'));
    for (const { text } of [reply, again, read]) expect(text).not.toContain('Analytical');
  });

  it('is readable nowhere in the log, and nowhere in a table', async () => {
    const { paymentId, disputeId } = await openDispute();
    await send(disputeId);
    await api.caughtUp();
    const events = await tenant.get('/v1/events?limit=1000');
    expect(events.text).toContain('DisputeEvidenceRequested');
    expect(events.text).not.toMatch(/Analytical|Lovelace/);
    const { rows } = await api.database.admin.query<{ data: string; state: string }>(
      `select string_agg(data, '') as data, (select string_agg(state, '') from billing.rm_dispute) as state
       from billing.event where stream_id = $1`,
      [`payment-${paymentId}`],
    );
    expect(rows[0]?.data).toMatch(/"evidence":"v1\.1\.[\w-]+"/);
    expect(rows[0]?.data).not.toMatch(/Analytical|Lovelace/);
    expect(rows[0]?.state).not.toMatch(/Analytical|Lovelace|v1\.1\./);
  });

  it('may be staged first, and submitted without another word', async () => {
    const dispute = await openDispute();
    await send(dispute.disputeId, { ...body, submit: false });
    await answer(dispute, { submitted: false });
    const reply = await send(dispute.disputeId, { evidence: {}, submit: true });
    expect(reply.status).toBe(202);
    expect(reply.json.evidence).toMatchObject([{ status: 'staged' }, { status: 'pending' }]);
    await answer(dispute, { submitted: true });
    expect((await get(dispute.disputeId)).json.evidence).toMatchObject([{ status: 'staged' }, { status: 'submitted' }]);
  });

  it('that the processor refuses is a problem with its code, and so is the repeat', async () => {
    const dispute = await openDispute();
    const key = withKey();
    await send(dispute.disputeId, body, key);
    await answer(dispute, { code: 'dispute_past_due' });
    for (let call = 0; call < 2; call += 1) {
      const reply = await send(dispute.disputeId, body, key);
      expectProblem(reply, 422, 'evidence_failed');
      expect(reply.json.processorCode).toBe('dispute_past_due');
    }
    expect((await get(dispute.disputeId)).json.evidence).toMatchObject([
      { status: 'failed', failureCode: 'dispute_past_due' },
    ]);
    expect((await send(dispute.disputeId)).status).toBe(202);
  });

  it.each<[DisputeStatus, string]>([
    ['won', 'dispute_closed'],
    ['lost', 'dispute_closed'],
    ['prevented', 'dispute_closed'],
    ['inquiry_closed', 'dispute_closed'],
    ['under_review', 'evidence_too_late'],
  ])('about a dispute that is %s is a conflict: %s', async (status, code) => {
    const { disputeId } = await openDispute({ status });
    expectProblem(await writesNothing(() => send(disputeId)), 409, code);
  });

  it('is too late after its day, and after other evidence went to the bank', async () => {
    const late = await openDispute({ evidenceDueBy: '2026-11-05T00:00:00.000Z' });
    expectProblem(await writesNothing(() => send(late.disputeId)), 409, 'evidence_too_late');
    const answered = await openDispute();
    await send(answered.disputeId);
    expectProblem(await writesNothing(() => send(answered.disputeId)), 409, 'operation_in_progress');
    await answer(answered, { submitted: true });
    expectProblem(await writesNothing(() => send(answered.disputeId)), 409, 'evidence_too_late');
  });

  it('is sent once, however often the same key comes, at once or later', async () => {
    const { paymentId, disputeId } = await openDispute();
    const key = withKey();
    const replies = await Promise.all(Array.from({ length: 8 }, () => send(disputeId, body, key)));
    expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(202));
    expectProblem(
      await send(disputeId, { evidence: { uncategorizedText: 'other' } }, key),
      422,
      'idempotency_key_reused',
      'Idempotency-Key',
    );
    const events = await api.processor.eventsOf(tenant.id, `payment-${paymentId}`);
    expect(events.filter(({ type }) => type === 'DisputeEvidenceRequested')).toHaveLength(1);
  });

  it('takes every field of the document, several lines, and 20,000 characters', async () => {
    const document = (await tenant.get('/openapi.json')).json as unknown as {
      components: { schemas: Record<string, { properties: Record<string, { pattern: string }> }> };
    };
    const { properties } = document.components.schemas.DisputeEvidenceDto ?? { properties: {} };
    const evidence = Object.fromEntries(
      Object.entries(properties).map(([name, { pattern }]) => [
        name,
        pattern.startsWith('^file_') ? 'file_1MtJUT2eZvKYlo2C' : `line one\r\n\tline two of ${name}`,
      ]),
    );
    expect(Object.keys(evidence)).toHaveLength(27);
    expect((await send((await openDispute()).disputeId, { evidence })).status).toBe(202);
    const [umlauts, letters] = ['ü'.repeat(20_000), 'x'.repeat(20_000)];
    const long = { evidence: { uncategorizedText: umlauts, productDescription: letters } };
    expect((await send((await openDispute()).disputeId, long)).status).toBe(202);
    const longer = { evidence: { ...long.evidence, accessActivityLog: letters } };
    expectProblem(await send((await openDispute()).disputeId, longer), 413, 'body_too_large');
  });

  it.each<[string, unknown, string, string]>([
    ['nothing', {}, 'missing_field', 'evidence'],
    ['an unknown field', { evidence: { nonsense: 'x' } }, 'unknown_field', 'evidence.nonsense'],
    ['text that is none', { evidence: { customerName: 1 } }, 'invalid_type', 'evidence.customerName'],
    ['an empty text', { evidence: { customerName: '' } }, 'invalid_field', 'evidence.customerName'],
    ['too long a text', { evidence: { customerName: 'x'.repeat(20_001) } }, 'invalid_field', 'evidence.customerName'],
    ['a control character', { evidence: { customerName: 'a\u0007' } }, 'invalid_field', 'evidence.customerName'],
    ['a file that is none', { evidence: { receipt: 'receipt.pdf' } }, 'invalid_field', 'evidence.receipt'],
    ['a list', { evidence: [] }, 'invalid_type', 'evidence'],
    ['nothing to stage', { evidence: {}, submit: false }, 'evidence_empty', 'evidence'],
    ['a submit that is no boolean', { ...body, submit: 'yes' }, 'invalid_type', 'submit'],
  ])('of %s is refused by its name', async (_, sent, code, field) => {
    const { disputeId } = await openDispute();
    expectProblem(await writesNothing(() => send(disputeId, sent)), 400, code, field);
  });

  it('with a card number is refused, and nothing of it kept', async () => {
    const { disputeId } = await openDispute();
    const reply = await writesNothing(() =>
      send(disputeId, { evidence: { uncategorizedText: 'paid with 4242 4242 4242 4242' } }),
    );
    expectProblem(reply, 422, 'raw_card_data', 'evidence');
    expect(reply.text).not.toContain('4242');
  });

  it('needs a token that may write', async () => {
    const { disputeId } = await openDispute();
    const reader = await api.tokenFor({ role: 'auditor', tenantId: tenant.id });
    const reply = await tenant.call('POST', `/v1/disputes/${disputeId}/evidence`, {
      body,
      headers: { ...withKey(), authorization: `Bearer ${reader}` },
    });
    expectProblem(reply, 403, 'insufficient_scope');
  });
});

describe('whoever hears of a dispute from the log', () => {
  it('may answer at once, before the read models have it', async () => {
    for (let time = 0; time < 10; time += 1) expect((await send((await openDispute()).disputeId)).status).toBe(202);
  });

  it('is told to try again while the read models do not move', async () => {
    const alone = await startApi();
    try {
      const owner = await alone.tenant();
      await owner.post('/v1/customers', { email: 'ada@example.com' });
      const reply = await owner.post(`/v1/disputes/${randomUUID()}/evidence`, body);
      expectProblem(reply, 503, 'read_model_behind');
      expect(reply.headers.get('retry-after')).toBe('1');
    } finally {
      await alone.close();
    }
  });
});
