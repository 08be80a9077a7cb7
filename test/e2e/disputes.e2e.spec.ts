import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Standalone } from '../standalone/index.js';
import { startStandalone, tenantOne } from '../standalone/index.js';

interface Dispute {
  id: string;
  status: string;
  fundsWithdrawn: boolean;
  evidence: { status: string }[];
  processorDisputeId: string;
}
interface Reply<T> {
  status: number;
  body: T;
}

let standalone: Standalone;
let token: string;
beforeAll(async () => {
  standalone = await startStandalone();
  token = await standalone.token({ tenantId: tenantOne });
}, 90_000);
afterAll(() => standalone?.stop(), 30_000);

const call = async <T>(method: string, path: string, body?: unknown): Promise<Reply<T>> => {
  const response = await fetch(`${standalone.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(method === 'POST' && { 'idempotency-key': randomUUID(), prefer: 'wait=20' }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as T };
};
const post = <T>(path: string, body: unknown) => call<T>('POST', path, body);
const get = async <T>(path: string): Promise<T> => (await call<T>('GET', path)).body;

/** Waits until `look` gives something, 30 seconds at most. */
const eventually = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not so within 30 s: ${look.toString()}`);
    await sleep(100);
  }
};
/** A charge with a card whose owner disputes it, and the dispute once it is known here. */
const disputedCharge = async (processorToken: string): Promise<{ paymentId: string; dispute: Dispute }> => {
  const customer = await post<{ id: string }>('/v1/customers', { email: `${randomUUID()}@example.com` });
  const customerId = customer.body.id;
  const card = { type: 'card', processorToken };
  const method = await post<{ id: string }>(`/v1/customers/${customerId}/payment-methods`, card);
  const charge = { amount: 7_500, currency: 'usd', customerId, paymentMethodId: method.body.id };
  const payment = await post<{ id: string }>('/v1/payments', charge);
  const paymentId = payment.body.id;
  const dispute = await eventually(
    async () => (await get<{ data: Dispute[] }>(`/v1/disputes?paymentId=${paymentId}`)).data[0],
  );
  return { paymentId, dispute };
};
const becomes = (id: string, wanted: Partial<Dispute>): Promise<Dispute> =>
  eventually(async () => {
    const dispute = await get<Dispute>(`/v1/disputes/${id}`);
    const asWanted = Object.entries(wanted).every(([field, value]) => dispute[field as keyof Dispute] === value);
    return asWanted ? dispute : undefined;
  });
const statusOf = async (paymentId: string): Promise<string> =>
  (await get<{ status: string }>(`/v1/payments/${paymentId}`)).status;

describe('a dispute', () => {
  it('is heard of, answered and won; the money is away in between and back in the end', async () => {
    const { paymentId, dispute } = await disputedCharge('pm_card_createDispute');
    await becomes(dispute.id, { status: 'needs_response', fundsWithdrawn: true });
    expect(await statusOf(paymentId)).toBe('disputed');
    const evidence = { customerName: 'Ada Lovelace', uncategorizedText: 'winning_evidence' };
    const answer = await post<Dispute>(`/v1/disputes/${dispute.id}/evidence`, { evidence });
    expect([answer.status, answer.body.evidence]).toEqual([200, [expect.objectContaining({ status: 'submitted' })]]);
    expect(['under_review', 'won']).toContain(answer.body.status);
    await becomes(dispute.id, { status: 'won', fundsWithdrawn: false });
    expect(await eventually(async () => ((await statusOf(paymentId)) === 'succeeded' ? true : undefined))).toBe(true);
  }, 90_000);

  it('is lost with evidence that does not convince, and stays disputed', async () => {
    const { paymentId, dispute } = await disputedCharge('pm_card_createDispute');
    const staged = { evidence: { productDescription: 'A difference engine' }, submit: false };
    const first = await post<Dispute>(`/v1/disputes/${dispute.id}/evidence`, staged);
    expect([first.status, first.body.evidence.map(({ status }) => status)]).toEqual([200, ['staged']]);
    const losing = { evidence: { uncategorizedText: 'losing_evidence' } };
    expect((await post(`/v1/disputes/${dispute.id}/evidence`, losing)).status).toBe(200);
    await becomes(dispute.id, { status: 'lost', fundsWithdrawn: true });
    expect(await statusOf(paymentId)).toBe('disputed');
    const late = await post<{ code: string }>(`/v1/disputes/${dispute.id}/evidence`, losing);
    expect([late.status, late.body.code]).toEqual([409, 'dispute_closed']);
  }, 90_000);

  it('that is an inquiry holds no money, and can be answered', async () => {
    const { paymentId, dispute } = await disputedCharge('pm_card_createDisputeInquiry');
    expect(dispute).toMatchObject({ status: 'inquiry', fundsWithdrawn: false });
    expect(await statusOf(paymentId)).toBe('succeeded');
    const evidence = { uncategorizedText: 'winning_evidence' };
    expect((await post(`/v1/disputes/${dispute.id}/evidence`, { evidence })).status).toBe(200);
    await becomes(dispute.id, { status: 'inquiry_closed', fundsWithdrawn: false });
  }, 90_000);

  it('leaves no word of its evidence and no drift in the log, and books that sum to zero', async () => {
    const events = await fetch(`${standalone.url}/v1/events?limit=1000`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const text = await events.text();
    expect(text).toContain('DisputeEvidenceSubmitted');
    expect(text).not.toContain('DriftDetected');
    expect(text).not.toMatch(/winning_evidence|losing_evidence|Lovelace/);
    const { data } = await get<{ data: { accounts: Record<string, number> }[] }>('/v1/balances');
    for (const { accounts } of data) expect(Object.values(accounts).reduce((sum, amount) => sum + amount, 0)).toBe(0);
  });
});
