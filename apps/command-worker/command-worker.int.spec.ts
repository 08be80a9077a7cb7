import { randomUUID } from 'node:crypto';

import { describeWithKafka } from '../../test/kafka/suite.js';
import { attachMethod } from './testing/gateway-stand-in.js';
import type { RunningWorker } from './testing/running-worker.js';
import { startWorker } from './testing/running-worker.js';
import type { Signer } from './testing/signed-record.js';
import { signedRecord } from './testing/signed-record.js';

describeWithKafka('the command worker', (brokers) => {
  let worker: RunningWorker;
  let shop: Signer;
  let tenantId: string;
  beforeAll(async () => {
    worker = await startWorker(brokers);
    shop = await worker.signer('shop');
    tenantId = await worker.database.addTenant();
  }, 60_000);
  afterAll(() => worker?.close(), 30_000);

  const email = () => ({ email: `${randomUUID()}@example.com` });
  const eventsOf = async (commandId: string) => {
    const { rows } = await worker.database.admin.query<{ type: string; metadata: Record<string, unknown> }>(
      'select type, metadata from billing.event where causation_id = $1 order by position',
      [commandId],
    );
    return rows;
  };

  it('takes a customer, a card and a payment, as the api does', async () => {
    const customer = await worker.ask(shop, { tenantId, body: email() });
    expect(customer.json).toMatchObject({ outcome: 'accepted', type: 'CreateCustomer', version: 1 });
    expect(customer.json.resource).toMatchObject({ type: 'customer' });
    const customerId = (customer.json.resource as { id: string }).id;

    const body = { type: 'card', processorToken: 'pm_card_visa' };
    const method = await worker.ask(shop, { tenantId, type: 'AttachPaymentMethod', subject: customerId, body });
    expect(method.json).toMatchObject({ outcome: 'accepted', settled: false, resource: { type: 'payment_method' } });
    const paymentMethodId = (method.json.resource as { id: string }).id;
    await attachMethod(worker.database, tenantId, paymentMethodId);

    const payment = await worker.ask(shop, {
      tenantId,
      type: 'CreatePayment',
      body: { amount: 5_000, currency: 'usd', customerId, paymentMethodId },
    });
    expect(payment.json).toMatchObject({ outcome: 'accepted', settled: false, resource: { type: 'payment' } });
    expect(payment.json.position).toMatch(/^\d{1,2}:\d+$/);
  });

  it('answers by the id of the command, in an event that names message, tenant and producer', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const result = await worker.ask(shop, { tenantId, body: email(), traceparent });
    const messageId = String(result.json.messageId);
    const commandId = worker.commandId(shop, tenantId, messageId);
    expect(result.key).toBe(commandId);
    expect(result.json.commandId).toBe(commandId);
    expect(result.headers).toMatchObject({
      ce_specversion: '1.0',
      ce_source: '/billing-service',
      ce_type: 'CommandAccepted',
      ce_subject: messageId,
      ce_tenantid: tenantId,
      ce_producer: 'shop',
      'content-type': 'application/json',
    });
    const [event] = await eventsOf(commandId);
    expect(event).toEqual({
      type: 'CustomerCreated',
      metadata: { actor: { type: 'service', subject: 'shop' }, traceparent },
    });
  });

  it('answers a message that comes again as a duplicate, with the same resource, and does nothing', async () => {
    const { messageId, ...record } = await signedRecord(shop, { tenantId, body: email() });
    await worker.publish(record);
    const [first] = await worker.resultsOf(messageId);
    await worker.publish(record, record);
    const [, second, third] = await worker.resultsOf(messageId, 3);
    expect(first).toMatchObject({ outcome: 'accepted' });
    for (const repeat of [second, third])
      expect(repeat).toMatchObject({ outcome: 'duplicate', resource: first?.resource, position: first?.position });
    await expect(eventsOf(worker.commandId(shop, tenantId, messageId))).resolves.toHaveLength(1);
  });

  it('does it once when the same message comes three times in one batch', async () => {
    const { messageId, ...record } = await signedRecord(shop, { tenantId, body: email() });
    await worker.publish(record, record, record);
    const outcomes = (await worker.resultsOf(messageId, 3)).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['accepted', 'duplicate', 'duplicate']);
  });

  it('takes the commands on one payment in the order in which they were sent', async () => {
    const customer = await worker.ask(shop, { tenantId, body: email() });
    const customerId = (customer.json.resource as { id: string }).id;
    const body = { amount: 100, currency: 'eur', customerId };
    const payment = await worker.ask(shop, { tenantId, type: 'CreatePayment', body });
    const subject = (payment.json.resource as { id: string }).id;
    const records = await Promise.all(
      [
        { type: 'CancelPayment', body: {} },
        { type: 'ConfirmPayment', body: {} },
        { type: 'CancelPayment', body: { reason: 'abandoned' } },
      ].map((command) => signedRecord(shop, { tenantId, subject, ...command })),
    );
    await worker.publish(...records.map(({ messageId: _, ...record }) => record));
    const [canceled] = await worker.resultsOf(records[0]?.messageId ?? '');
    const [confirmed] = await worker.resultsOf(records[1]?.messageId ?? '');
    expect(canceled).toMatchObject({ outcome: 'accepted', settled: true });
    expect(confirmed).toMatchObject({ outcome: 'rejected' });
  });

  it('refuses what the rules refuse, by the code of the api, and sets nothing aside', async () => {
    const before = (await worker.letterRows()).length;
    const body = { amount: 5_000, currency: 'usd', customerId: randomUUID() };
    const result = await worker.ask(shop, { tenantId, type: 'CreatePayment', body });
    expect(result.headers.ce_type).toBe('CommandRejected');
    expect(result.json).toMatchObject({ outcome: 'rejected', error: { code: 'customer_not_found' } });
    expect(result.json).not.toHaveProperty('resource');
    await expect(worker.letterRows()).resolves.toHaveLength(before);
  });

  it('answers with the customer who has the email already', async () => {
    const body = email();
    const first = await worker.ask(shop, { tenantId, body });
    const second = await worker.ask(shop, { tenantId, body });
    expect(second.json).toMatchObject({ outcome: 'accepted', resource: first.json.resource });
  });

  it('takes Ed25519 signatures, and several keys of one producer', async () => {
    const other = await worker.signer('shop', {}, 'EdDSA');
    for (const signer of [other, shop])
      expect((await worker.ask(signer, { tenantId, body: email() })).json).toMatchObject({ outcome: 'accepted' });
  });

  it('carries out what came while it was away, and goes on where it stood', async () => {
    await worker.stopWorker();
    const ids = [];
    for (let at = 0; at < 20; at += 1) ids.push(await worker.send(shop, { tenantId, body: email() }));
    await worker.startWorker();
    for (const id of ids)
      expect(await worker.resultsOf(id)).toEqual([expect.objectContaining({ outcome: 'accepted' })]);
  }, 30_000);

  it('rejects what a suspended tenant asks for, whether its door knows already or only the log, and goes on with the others', async () => {
    const suspended = await worker.database.addTenant();
    const ask = async (tenant: string) => (await worker.ask(shop, { tenantId: tenant, body: email() })).json;
    expect(await ask(suspended)).toMatchObject({ outcome: 'accepted' }); // its door has looked, and believes that for a second
    await worker.database.admin.query('update billing.tenant set suspended_at = now() where id = $1', [suspended]);
    const refused = { outcome: 'rejected', error: { code: 'tenant_suspended' } };
    expect(await Promise.all([suspended, tenantId, suspended].map(ask))).toMatchObject([
      refused,
      { outcome: 'accepted' },
      refused,
    ]);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await Promise.all([suspended, tenantId].map(ask))).toMatchObject([refused, { outcome: 'accepted' }]);
  });

  describe('a refund', () => {
    const refund = { type: 'RefundPayment', subject: randomUUID(), body: {} };
    const tokenFor = (tenant: string, mfa: boolean) =>
      worker.issuer.issue({ role: 'tenant_admin', tenantId: tenant, mfa, subject: 'ada' });

    it('is never a right of the service', async () => {
      const result = await worker.ask(shop, { tenantId, ...refund });
      expect(result.json).toMatchObject({ outcome: 'rejected', error: { code: 'insufficient_scope' } });
    });

    it('is decided for a person with a fresh second factor, whose name goes into the log', async () => {
      const onBehalfOf = await tokenFor(tenantId, true);
      const result = await worker.ask(shop, { tenantId, ...refund, onBehalfOf });
      expect(result.json).toMatchObject({ outcome: 'rejected', error: { code: 'payment_not_found' } });
      const created = await worker.ask(shop, { tenantId, body: email(), onBehalfOf });
      const [event] = await eventsOf(String(created.json.commandId));
      expect(event?.metadata.actor).toEqual({ type: 'person', subject: 'ada' });
    });

    it('is refused without the second factor', async () => {
      const result = await worker.ask(shop, { tenantId, ...refund, onBehalfOf: await tokenFor(tenantId, false) });
      expect(result.json).toMatchObject({ error: { code: 'insufficient_user_authentication' } });
    });

    it('is refused for a person of another tenant', async () => {
      const onBehalfOf = await tokenFor(await worker.database.addTenant(), true);
      const result = await worker.ask(shop, { tenantId, ...refund, onBehalfOf });
      expect(result.json).toMatchObject({ error: { code: 'tenant_mismatch' } });
    });

    it('is refused for a token of nobody', async () => {
      const result = await worker.ask(shop, { tenantId, ...refund, onBehalfOf: 'a.b.c' });
      expect(result.json).toMatchObject({ outcome: 'rejected', error: { code: 'token_malformed' } });
    });
  });
});
