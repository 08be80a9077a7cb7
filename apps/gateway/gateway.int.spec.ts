import { randomUUID } from 'node:crypto';

import type { AccessEvent } from '#domain/access';
import { balancesOf } from '#domain/ledger';
import { capturable, captured } from '#domain/payment';
import type { TenantEvent } from '#domain/tenant';
import { TenantShards, appendOver } from '#event-store';
import { automaticCaptureId } from '#processor';

import { until } from './testing/clock.js';
import type { Payer } from './testing/workbench.js';
import { Workbench } from './testing/workbench.js';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
  await bench.gateway({ timeoutMs: 20_000 });
});
afterAll(() => bench.close());

describe('a customer and a payment method', () => {
  it('are registered with the processor, which is told our ids and the personal data that we hold sealed', async () => {
    const payer = await bench.payer();
    const customers = await bench.stripe.list<{ id: string; email: string; name: string; metadata: object }>(
      '/v1/customers',
    );
    expect(customers.find(({ id }) => id === payer.processorCustomerId)).toMatchObject({
      email: `${payer.customerId}@example.com`,
      name: 'Ada Lovelace',
      metadata: { tenantId: bench.tenantId, customerId: payer.customerId },
    });
    const [method] = await bench.stripe.list(`/v1/customers/${payer.processorCustomerId}/payment_methods`);
    expect(method).toMatchObject({ metadata: { tenantId: bench.tenantId, paymentMethodId: payer.paymentMethodId } });
    const { attachment } = await bench.api.paymentMethod(bench.tenantId, payer.paymentMethodId);
    const place = { tenantId: bench.tenantId, subjectId: payer.customerId, purpose: 'contact' as const };
    const record = `PaymentMethodAttached.details/${payer.paymentMethodId}`;
    const sealed = attachment.phase === 'attached' ? attachment.details : '';
    const opened = await bench.api.keys.openPersonal({ ...place, record }, sealed);
    expect(opened.erased ? {} : JSON.parse(opened.plaintext)).toMatchObject({ brand: 'visa', last4: '4242' });
  });

  it('a card that the bank refuses is not attached, and its decline code is kept', async () => {
    const customerId = await bench.api.createCustomer(bench.tenantId);
    const id = await bench.api.attach(bench.tenantId, customerId, 'pm_card_chargeDeclined');
    const method = await until(async () => {
      const found = await bench.api.paymentMethod(bench.tenantId, id);
      return found.attachment.phase !== 'requested' && found;
    });
    expect(method.attachment).toMatchObject({ phase: 'failed', code: 'card_declined', declineCode: 'generic_decline' });
  });
});

describe('a charge', () => {
  it('is captured at once, and its settlement is recorded with it', async () => {
    const payer = await bench.payer();
    const paymentId = await bench.charge(payer, { amount: 4_200 });
    const payment = await bench.reaches(paymentId, 'succeeded');
    expect(await bench.api.history(bench.tenantId, paymentId)).toEqual([
      'PaymentCreated',
      'PaymentRequested',
      'PaymentCaptured',
      'SettlementRecorded',
    ]);
    const captureId = automaticCaptureId(paymentId, 1);
    expect(payment.captures[captureId]).toMatchObject({ amount: 4_200, final: true, stage: { phase: 'captured' } });
    const [settlement] = Object.values(payment.settlements);
    expect(settlement).toMatchObject({ source: 'capture', sourceId: captureId, gross: 4_200, currency: 'usd' });
    expect(settlement?.net).toBe(4_200 - (settlement?.fee ?? 0));
    expect(await bench.intents(payer)).toMatchObject([
      { amount_received: 4_200, metadata: { tenantId: bench.tenantId, paymentId, attempt: '1' } },
    ]);
    await bench.idle();
  });

  it('that the bank declines has failed with the decline code, and the next attempt is another call', async () => {
    const payer = await bench.payer('pm_card_chargeCustomerFail');
    const paymentId = await bench.charge(payer);
    const failed = await bench.reaches(paymentId, 'failed');
    expect(failed.attempts[1]?.stage).toMatchObject({ phase: 'failed', code: 'card_declined' });
    const better = await bench.api.attach(bench.tenantId, payer.customerId, 'pm_card_visa');
    await until(async () => (await bench.api.paymentMethod(bench.tenantId, better)).attachment.phase === 'attached');
    await bench.command(paymentId, { type: 'ConfirmPayment', paymentMethodId: better });
    const payment = await bench.reaches(paymentId, 'succeeded');
    expect(payment.attempts[2]?.stage.phase).toBe('captured');
    const paid = (await bench.intents(payer)).filter(({ amount_received }) => amount_received > 0);
    expect(paid).toHaveLength(1);
  });

  it('that needs its owner waits for an action, with the client secret sealed and in no event', async () => {
    const payer = await bench.payer('pm_card_authenticationRequired');
    const paymentId = await bench.charge(payer);
    const payment = await bench.reaches(paymentId, 'requires_action');
    expect(payment.attempts[1]?.stage).toMatchObject({ phase: 'action_required' });
    const { rows } = await bench.database.admin.query<{ sealed: string; expires_at: Date }>(
      'select sealed, expires_at from billing.client_secret where payment_id = $1',
      [paymentId],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.expires_at.getTime()).toBeLessThan(Date.now() + 24 * 3_600_000);
    const { rows: leaks } = await bench.database.admin.query(
      "select 1 from billing.event where data like '%_secret_%'",
    );
    expect([leaks, rows[0]?.sealed.includes('_secret_')]).toEqual([[], false]);
  });

  it('that its owner finished meanwhile is recorded as charged by a cancel that comes too late', async () => {
    const payer = await bench.payer('pm_card_authenticationRequired');
    const paymentId = await bench.charge(payer, { amount: 5_100 });
    await bench.reaches(paymentId, 'requires_action');
    const [intent] = await bench.intents(payer);
    await bench.stripe.authenticate(intent?.id ?? '');
    await bench.command(paymentId, { type: 'CancelPayment', cancelId: randomUUID() });
    await bench.reaches(paymentId, 'succeeded');
    await bench.idle(); // the settlement is fetched after the refusal
    const payment = await bench.api.payment(bench.tenantId, paymentId);
    expect(captured(payment)).toBe(5_100);
    expect(Object.values(payment.cancels)).toMatchObject([{ stage: { phase: 'failed' } }]);
    expect(Object.values(payment.settlements)).toMatchObject([{ gross: 5_100 }]);
    expect(await bench.intents(payer)).toMatchObject([{ amount_received: 5_100 }]);
  });

  it('by bank debit is processing until the bank has paid', async () => {
    const payer = await bench.payer('pm_usBankAccount_success', 'us_bank_account');
    const paymentId = await bench.charge(payer);
    const payment = await bench.reaches(paymentId, 'processing');
    expect(payment.attempts[1]?.stage.phase).toBe('processing');
  });

  it('in yen, which has no decimals, charges that many yen', async () => {
    const payer = await bench.payer();
    const paymentId = await bench.charge(payer, { amount: 500, currency: 'jpy' });
    const payment = await bench.reaches(paymentId, 'succeeded');
    expect(Object.values(payment.captures)).toMatchObject([{ amount: 500 }]);
  });
});

describe('what happened to a tenant, and at our doors', () => {
  const at = '2026-11-21T12:00:00.000Z';
  const came = { channel: 'http', origin: { network: '203.0.113.0/24' }, at } as const;
  const caller = { kind: 'person', subject: 'auth0|7' } as const;
  const access: AccessEvent[] = [
    { type: 'AccessDenied', ...came, action: 'payments.create', code: 'token_expired', count: 1, firstAt: at },
    { type: 'PrivilegedAccessGranted', ...came, action: 'refunds.create', caller, grant: 'billing:refund' },
  ];

  const append = async (streamId: string, events: readonly (AccessEvent | TenantEvent)[]): Promise<void> => {
    const pool = bench.database.pool('billing_api', { max: 1 });
    const commandId = randomUUID();
    const [result] = await appendOver(pool)(await new TenantShards(pool).of(bench.tenantId), [
      {
        ...{ tenantId: bench.tenantId, commandId, correlationId: commandId, fingerprint: Buffer.from(commandId) },
        ...{ streamId, expectedVersion: 0, actor: { type: 'system', subject: 'api' }, events },
      },
    ]);
    expect(result?.status).toBe('ok');
  };

  it('is passed over: nobody is called for it, and charges before and after it are made', async () => {
    const payer = await bench.payer();
    const before = await bench.charge(payer);
    await append(`access-${randomUUID()}`, access);
    await append(`tenant-${bench.tenantId}`, [{ type: 'TenantAdded', tenantId: bench.tenantId, at }]);
    const after = await bench.charge(payer);
    for (const paymentId of [before, after]) await bench.reaches(paymentId, 'succeeded');
    await bench.idle();
    expect(await bench.intents(payer)).toHaveLength(2);
    const { rows } = await bench.database.admin.query('select from billing.dead_letter');
    expect(rows).toHaveLength(0);
  });
});

describe('an authorization', () => {
  const authorize = async (amount = 5_000) => {
    const payer = await bench.payer();
    const paymentId = await bench.charge(payer, { amount, captureMethod: 'manual' });
    const payment = await bench.reaches(paymentId, 'authorized');
    return { payer, paymentId, payment };
  };

  it('is captured in full by a command', async () => {
    const { paymentId, payment } = await authorize();
    expect(payment.attempts[1]?.authorization).toMatchObject({
      amount: 5_000,
      expiresAt: expect.any(String) as string,
    });
    const captureId = randomUUID();
    await bench.command(paymentId, { type: 'CapturePayment', captureId });
    const captured = await bench.reaches(paymentId, 'succeeded');
    expect(captured.captures[captureId]).toMatchObject({ amount: 5_000, stage: { phase: 'captured' } });
    expect(Object.values(captured.settlements)).toMatchObject([{ sourceId: captureId, gross: 5_000 }]);
  });

  it('is captured in part, and the rest is released', async () => {
    const { paymentId } = await authorize();
    await bench.command(paymentId, { type: 'CapturePayment', captureId: randomUUID(), amount: 3_000 });
    await bench.reaches(paymentId, 'succeeded');
    expect((await bench.api.history(bench.tenantId, paymentId)).slice(3)).toEqual([
      'CaptureRequested',
      'PaymentCaptured',
      'AuthorizationReleased',
      'SettlementRecorded',
    ]);
  });

  it('is captured several times where the processor allows it', async () => {
    const { paymentId, payment, payer } = await authorize();
    expect(payment.attempts[1]?.authorization?.multicapture).toBe(true);
    await bench.command(paymentId, { type: 'CapturePayment', captureId: randomUUID(), amount: 2_000, final: false });
    await until(
      async () =>
        Object.values((await bench.api.payment(bench.tenantId, paymentId)).captures)[0]?.stage.phase === 'captured',
    );
    await bench.command(paymentId, { type: 'CapturePayment', captureId: randomUUID(), amount: 2_500 });
    const captured = await bench.reaches(paymentId, 'succeeded');
    expect(Object.values(captured.captures).map(({ amount }) => amount)).toEqual([2_000, 2_500]);
    expect((await bench.intents(payer))[0]?.amount_received).toBe(4_500);
    expect(await bench.api.history(bench.tenantId, paymentId)).not.toContain('DriftDetected');
  });

  it('is canceled', async () => {
    const { paymentId, payer } = await authorize();
    await bench.command(paymentId, { type: 'CancelPayment', cancelId: randomUUID(), reason: 'abandoned' });
    await bench.reaches(paymentId, 'canceled');
    expect((await bench.intents(payer))[0]?.status).toBe('canceled');
  });

  it('that was canceled at the processor behind our back is canceled here too, and a capture of it fails', async () => {
    const { paymentId, payer } = await authorize();
    const [intent] = await bench.intents(payer);
    await bench.stripe.post(`/v1/payment_intents/${intent?.id}/cancel`);
    await bench.command(paymentId, { type: 'CapturePayment', captureId: randomUUID() });
    const payment = await bench.reaches(paymentId, 'canceled');
    expect(Object.values(payment.captures)).toMatchObject([
      { stage: { phase: 'failed', code: 'payment_intent_unexpected_state' } },
    ]);
  });
});

describe('a refund', () => {
  it('returns part of the money, and what it costs is recorded', async () => {
    const payer = await bench.payer();
    const paymentId = await bench.charge(payer, { amount: 2_000 });
    await bench.reaches(paymentId, 'succeeded');
    const refundId = randomUUID();
    await bench.command(paymentId, { type: 'RefundPayment', refundId, amount: 500, reason: 'requested_by_customer' });
    const payment = await bench.reaches(paymentId, 'partially_refunded');
    expect(payment.refunds[refundId]?.stage.phase).toBe('succeeded');
    expect(Object.values(payment.settlements)).toMatchObject([{ gross: 2_000 }, { sourceId: refundId, gross: -500 }]);
  });

  it('that the processor calls pending is pending', async () => {
    const payer = await bench.payer('pm_card_pendingRefund');
    const paymentId = await bench.charge(payer);
    await bench.reaches(paymentId, 'succeeded');
    const refundId = randomUUID();
    await bench.command(paymentId, { type: 'RefundPayment', refundId });
    await until(
      async () => (await bench.api.payment(bench.tenantId, paymentId)).refunds[refundId]?.stage.phase === 'pending',
    );
  });
});

it('stores the time of the first sending before anything is sent', async () => {
  const payer = await bench.payer();
  await bench.stripe.arm({ path: '/v1/payment_intents', fault: 'delay', delayMs: 400 });
  const paymentId = await bench.charge(payer);
  const rows = await until(async () => {
    const found = await bench.database.admin.query<{ state: string; first_sent_at: Date | null }>(
      'select state, first_sent_at from billing.processor_call where stream_id = $1',
      [`payment-${paymentId}`],
    );
    return found.rows.length > 0 && found.rows;
  });
  expect(rows).toEqual([{ state: 'sent', first_sent_at: expect.any(Date) as Date }]);
  expect(await bench.api.statusOf(bench.tenantId, paymentId)).toBe('processing');
  await bench.reaches(paymentId, 'succeeded');
});

it('a slow call holds nobody up', async () => {
  const payer = await bench.payer();
  await bench.stripe.arm({ path: '/v1/payment_intents', fault: 'delay', delayMs: 8_000 });
  const slow = await bench.charge(payer);
  await until(async () => (await bench.calls()).length > 0);
  const quick = await Promise.all(Array.from({ length: 20 }, () => bench.charge(payer)));
  await Promise.all(quick.map((paymentId) => bench.reaches(paymentId, 'succeeded', 6_000)));
  expect(await bench.api.statusOf(bench.tenantId, slow)).toBe('processing');
  await bench.reaches(slow, 'succeeded');
});

describe('a cancel that comes too late', () => {
  const cancelPath = '/v1/payment_intents/*/cancel';
  const idOf = async (payer: Payer) => (await bench.intents(payer))[0]?.id ?? '';
  const balances = async (paymentId: string) =>
    Object.fromEntries(balancesOf(await bench.api.events(bench.tenantId, paymentId)));
  const cancel = (paymentId: string) => bench.command(paymentId, { type: 'CancelPayment', cancelId: randomUUID() });
  const waiting = async (amount: number, captureMethod: 'automatic' | 'manual' = 'automatic') => {
    const payer = await bench.payer('pm_card_authenticationRequired');
    const paymentId = await bench.charge(payer, { amount, captureMethod });
    await bench.reaches(paymentId, 'requires_action');
    return { payer, paymentId, intentId: await idOf(payer) };
  };
  const held = async (amount: number) => {
    const payer = await bench.payer();
    const paymentId = await bench.charge(payer, { amount, captureMethod: 'manual' });
    await bench.reaches(paymentId, 'authorized');
    return { payer, paymentId, intentId: await idOf(payer) };
  };
  /** The money is in the log and in the books, once, and settled. */
  const expectTaken = async ({ payer, paymentId }: { payer: Payer; paymentId: string }, amount: number) => {
    const payment = await bench.reaches(paymentId, 'succeeded');
    await bench.idle();
    expect(captured(payment)).toBe(amount);
    expect(await bench.intents(payer)).toMatchObject([{ status: 'succeeded', amount_received: amount }]);
    const books = await balances(paymentId);
    expect(books['tenant_payable usd']).toBe(-amount);
    expect(books['processor_receivable usd']).toBeUndefined();
    expect((books['processor_balance usd'] ?? 0) + (books['processing_fees usd'] ?? 0)).toBe(amount);
  };

  it('has failed, and what the owner of the card paid meanwhile is recorded after that', async () => {
    const charge = await waiting(5_100);
    await bench.stripe.authenticate(charge.intentId);
    await cancel(charge.paymentId);
    await expectTaken(charge, 5_100);
    // The failure answers the caller who waits: the first event that rests.
    expect((await bench.api.history(bench.tenantId, charge.paymentId)).slice(3)).toEqual([
      'CancelRequested',
      'CancelFailed',
      'PaymentCaptured',
      'SettlementRecorded',
    ]);
    const { captures } = await bench.api.payment(bench.tenantId, charge.paymentId);
    expect(Object.keys(captures)).toEqual([automaticCaptureId(charge.paymentId, 1)]);
  });

  it('cancels the hold that the owner has allowed meanwhile: it is not too late', async () => {
    const { paymentId, payer, intentId } = await waiting(5_200, 'manual');
    await bench.stripe.authenticate(intentId);
    await cancel(paymentId);
    await bench.reaches(paymentId, 'canceled');
    expect(await balances(paymentId)).toEqual({});
    expect(await bench.intents(payer)).toMatchObject([{ status: 'canceled', amount_received: 0 }]);
  });

  it('records what somebody captured at the processor behind our back, and says that nobody asked for it', async () => {
    const charge = await held(5_300);
    await bench.stripe.post(`/v1/payment_intents/${charge.intentId}/capture`);
    await cancel(charge.paymentId);
    await expectTaken(charge, 5_300);
    const drift = (await bench.api.events(bench.tenantId, charge.paymentId)).filter(
      ({ type }) => type === 'DriftDetected',
    );
    expect(drift).toMatchObject([{ rule: 'capture_not_requested' }]);
  });

  it('so does a capture that comes too late', async () => {
    const charge = await held(5_400);
    await bench.stripe.post(`/v1/payment_intents/${charge.intentId}/capture`);
    const captureId = randomUUID();
    await bench.command(charge.paymentId, { type: 'CapturePayment', captureId });
    await expectTaken(charge, 5_400);
    const { captures } = await bench.api.payment(bench.tenantId, charge.paymentId);
    expect(captures[captureId]?.stage.phase).toBe('failed');
    expect(captures[automaticCaptureId(charge.paymentId, 1)]).toMatchObject({ amount: 5_400, final: true });
  });

  it('of a hold that was captured in part leaves the rest to be captured, and every part counts once', async () => {
    const { paymentId, payer, intentId } = await held(5_500);
    const part = new URLSearchParams({ amount_to_capture: '1500', final_capture: 'false' });
    await bench.stripe.post(`/v1/payment_intents/${intentId}/capture?${part.toString()}`);
    await cancel(paymentId);
    const payment = await bench.reaches(paymentId, 'authorized');
    expect([captured(payment), capturable(payment)]).toEqual([1_500, 4_000]);
    expect((await balances(paymentId))['tenant_payable usd']).toBe(-1_500);
    await bench.stripe.post(`/v1/payment_intents/${intentId}/capture?amount_to_capture=1000&final_capture=false`);
    await bench.command(paymentId, { type: 'CapturePayment', captureId: randomUUID(), amount: 3_000 });
    expect(captured(await bench.reaches(paymentId, 'succeeded'))).toBe(5_500);
    expect((await balances(paymentId))['tenant_payable usd']).toBe(-5_500);
    expect(await bench.intents(payer)).toMatchObject([{ amount_received: 5_500 }]);
    await bench.idle();
  });

  it('and whose answer is lost finds the money when it looks, a day later', async () => {
    const charge = await waiting(5_600);
    await bench.stripe.arm({ path: cancelPath, fault: 'reset', times: 1_000 });
    await cancel(charge.paymentId);
    await until(async () => (await bench.calls()).some(({ state }) => state === 'unknown'));
    await bench.stripe.authenticate(charge.intentId);
    bench.clock.advance(25 * 3_600_000);
    await expectTaken(charge, 5_600);
    await bench.stripe.calm();
    const { cancels } = await bench.api.payment(bench.tenantId, charge.paymentId);
    expect(Object.values(cancels)).toMatchObject([{ stage: { code: 'payment_already_captured' } }]);
  });
});
