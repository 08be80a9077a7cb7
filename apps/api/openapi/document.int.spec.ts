import { actionOfRoute, allActions } from '#access';
import { randomUUID } from 'node:crypto';

import type { Document, Operation } from '../testing/document.js';
import { DocumentSchemas } from '../testing/document.js';
import type { Reply } from '../testing/call.js';
import { disputed } from '../testing/disputed.js';
import type { RunningApi, TestTenant } from '../testing/running-api.js';
import { startApi, tenantAt } from '../testing/running-api.js';
import { SealedLog } from '../testing/sealed-log.js';

let api: RunningApi;
let tenant: TestTenant;
/** Who runs the deployment, bound to no tenant. */
let platform: TestTenant;
let document: Document;
let schemas: DocumentSchemas;
interface Described {
  method: string;
  template: string;
  operation: Operation;
}
/** What a caller may do, and what is open to everybody. */
let operations: Described[];
let open: Described[];

beforeAll(async () => {
  api = await startApi({ readModels: true });
  tenant = await api.tenant();
  platform = tenantAt(api.url, tenant.id, await api.tokenFor({ role: 'platform_admin', mfa: true }));
  document = (await tenant.get('/openapi.json')).json as unknown as Document;
  schemas = await DocumentSchemas.of(document);
  const all = Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, template, operation })),
  );
  operations = all.filter(({ operation }) => operation.security?.length !== 0);
  open = all.filter(({ operation }) => operation.security?.length === 0);
});
afterAll(() => api.close());

describe('the document', () => {
  it('is OpenAPI 3.1 with a title, a licence and the bearer scheme', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: 'billing-service', version: '1', license: { name: 'Apache-2.0' } });
    expect(document.components.securitySchemes).toEqual({
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    });
  });

  it('lists every route that has a caller', () => {
    const listed = operations.map(({ method, template }) => `${method.toUpperCase()} ${template}`).sort();
    const inTable = allActions.flatMap(({ route, scopes }) =>
      route !== undefined && scopes !== 'public' ? route : [],
    );
    expect(listed).toEqual(inTable.map((route) => route.replace(':id', '{id}')).sort());
    expect(listed).toEqual([
      'GET /v1/audit/events/{id}/proof',
      'GET /v1/audit/openings',
      'GET /v1/balances',
      'GET /v1/checkout-sessions/{id}',
      'GET /v1/connected-accounts/{id}',
      'GET /v1/customers',
      'GET /v1/customers/{id}',
      'GET /v1/customers/{id}/payment-methods',
      'GET /v1/disputes',
      'GET /v1/disputes/{id}',
      'GET /v1/events',
      'GET /v1/payment-methods/{id}',
      'GET /v1/payments',
      'GET /v1/payments/{id}',
      'GET /v1/payments/{id}/history',
      'GET /v1/payments/{id}/next-action',
      'GET /v1/refunds',
      'GET /v1/refunds/{id}',
      'GET /v1/setup-intents/{id}',
      'GET /v1/tenants',
      'GET /v1/tenants/{id}',
      'POST /v1/checkout-sessions',
      'POST /v1/checkout-sessions/{id}/expire',
      'POST /v1/connected-accounts',
      'POST /v1/customers',
      'POST /v1/customers/{id}/default-payment-method',
      'POST /v1/customers/{id}/payment-methods',
      'POST /v1/disputes/{id}/evidence',
      'POST /v1/payment-methods/{id}/detach',
      'POST /v1/payments',
      'POST /v1/payments/{id}/cancel',
      'POST /v1/payments/{id}/capture',
      'POST /v1/payments/{id}/confirm',
      'POST /v1/payments/{id}/refunds',
      'POST /v1/setup-intents',
      'POST /v1/tenants',
      'POST /v1/tenants/{id}/reinstate',
      'POST /v1/tenants/{id}/suspend',
    ]);
  });

  it('lists the published audit log, which is open to everybody', () => {
    const listed = open.map(({ method, template }) => `${method.toUpperCase()} ${template}`).sort();
    const inTable = allActions.flatMap(({ name, route }) =>
      route !== undefined && name.startsWith('audit-log.') ? route : [],
    );
    expect(listed).toEqual(inTable.map((route) => route.replace(/:(\w+)/, '{$1}').replace('*', '{path}')).sort());
    expect(listed).toHaveLength(5);
    for (const { template, operation } of open) {
      expect([template, operation.summary]).toEqual([template, expect.stringMatching(/^[A-Z].{8,80}$/)]);
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['200', '304', '404', '429', '503']));
      const inPath = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
      expect(inPath).toEqual([...template.matchAll(/\{\w+\}/g)].map(([name]) => name));
    }
  });

  it('has every reference it makes, and every operation a name of its own', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    for (const [, name] of references) expect(Object.keys(document.components.schemas)).toContain(name);
    const all = [...operations, ...open];
    expect(new Set(all.map(({ operation }) => operation.operationId)).size).toBe(all.length);
  });

  it('says of every operation who may call it, what it takes and what can go wrong', () => {
    for (const { method, template, operation } of operations) {
      const action = actionOfRoute(method.toUpperCase(), template.replace('{id}', ':id'));
      expect([template, operation.security]).toEqual([
        template,
        [action?.scopes].flat().map((scope) => ({ bearer: [scope] })),
      ]);
      expect(operation.description?.includes('RFC 9470') ?? false).toBe(action?.stepUpSeconds !== undefined);
      const always = ['400', '401', '403', '404', '408', '414', '429', '431', '500', '503'];
      expect([template, operation.summary]).toEqual([template, expect.stringMatching(/^[A-Z].{8,80}$/)]);
      const ofCommands = ['202', '409', '413', '415', '422'];
      expect(Object.keys(operation.responses)).toEqual(
        expect.arrayContaining(method === 'post' ? [...always, ...ofCommands] : always),
      );
      const headers = operation.parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name);
      expect(headers.includes('Idempotency-Key')).toBe(method === 'post');
      expect(headers.includes('Billing-Tenant')).toBe(action?.tenancy === 'own');
      expect(headers).toContain('Billing-Reason');
      const inPath = operation.parameters.filter((parameter) => parameter.in === 'path');
      expect(inPath.map(({ name, required, schema }) => [name, required, schema.format])).toEqual(
        template.includes('{id}') ? [['id', true, 'uuid']] : [],
      );
      for (const [status, { content, headers: answered }] of Object.entries(operation.responses)) {
        expect(answered).toHaveProperty('Request-Id');
        if (/^(2|40[034]|409|42[29])/.test(status)) expect(Object.keys(answered ?? {})).toContain('RateLimit');
        if (Number(status) >= 400) expect(Object.keys(content)).toEqual(['application/problem+json']);
      }
    }
  });

  it('allows no field that it does not name, but for the extensions of a problem', () => {
    for (const [name, schema] of Object.entries(document.components.schemas))
      if (name !== 'Problem') expect([name, schema.additionalProperties]).toEqual([name, false]);
  });

  it('would notice an answer that it does not describe', async () => {
    const balance = { currency: 'usd', available: 1, pending: 0, accounts: {} };
    expect(await schemas.wrongWith('Balance', balance)).toBeNull();
    for (const wrong of [
      { ...balance, extra: 1 },
      { ...balance, available: 0.5 },
      { ...balance, pending: undefined },
    ])
      expect(await schemas.wrongWith('Balance', wrong)).toEqual(expect.any(String));
  });
});

describe('what the api answers', () => {
  const seen = new Set<string>();
  const documented = async (method: 'GET' | 'POST', template: string, reply: Reply): Promise<Reply> => {
    const what = `${method} ${template} ${reply.status}`;
    seen.add(what);
    expect([what, await schemas.undocumentedIn(method, template, reply), reply.text]).toEqual([what, [], reply.text]);
    return reply;
  };
  const get = async (template: string, id = '', query = '', caller = tenant) =>
    documented('GET', template, await caller.get(template.replace('{id}', id) + query));
  const post = async (template: string, body?: unknown, id = '', headers = {}, caller = tenant) =>
    documented('POST', template, await caller.post(template.replace('{id}', id), body, headers));
  const idOf = ({ json }: Reply) => json.id as string;
  const at = '2026-11-02T10:00:00.000Z';
  const cardToken = { type: 'card', processorToken: 'pm_card_visa' };

  const customer = async (): Promise<string> => {
    const person = { email: `${randomUUID()}@example.com`, name: 'Ada', address: { line1: '1 Street', country: 'GB' } };
    const id = idOf(await post('/v1/customers', person));
    await post('/v1/customers', person);
    return id;
  };
  const method = async (customerId: string): Promise<string> => {
    const id = idOf(await post('/v1/customers/{id}/payment-methods', cardToken, customerId));
    await api.processor.attaches(tenant.id, customerId, id);
    return id;
  };
  const charged = async (body: Record<string, unknown>): Promise<string> => {
    const key = { 'idempotency-key': randomUUID() };
    const id = idOf(await post('/v1/payments', body, '', key));
    await api.processor.charges(tenant.id, id);
    await post('/v1/payments', body, '', key);
    return id;
  };

  /** Evidence of which the processor refuses the first and takes the second; gives how the second stands. */
  const evidenceFor = async (disputeId: string, paymentId: string): Promise<string> => {
    const body = { evidence: { customerName: 'Ada', receipt: 'file_1' } };
    const outcomes = [{ code: 'dispute_past_due' }, { submitted: true }];
    let reply: Reply | undefined;
    for (const outcome of outcomes) {
      const key = { 'idempotency-key': randomUUID() };
      const asked = await post('/v1/disputes/{id}/evidence', body, disputeId, key);
      const evidenceId = (asked.json.evidence as { id: string }[]).at(-1)?.id ?? '';
      const fact = { type: 'RecordEvidenceOutcome', disputeId, evidenceId, outcome, at } as const;
      await api.processor.report(tenant.id, paymentId, fact);
      reply = await post('/v1/disputes/{id}/evidence', body, disputeId, key);
    }
    await post('/v1/disputes/{id}/evidence', body, disputeId);
    return (reply?.json.evidence as { status: string }[]).at(-1)?.status ?? '';
  };

  /** Checkout sessions of both modes, one of which is closed. */
  const pages = async (customerId: string): Promise<void> => {
    const returns = { successUrl: 'https://shop.example/thanks', cancelUrl: 'https://shop.example/' };
    const terms = { mode: 'payment', customerId, amount: 5_000, currency: 'usd', ...returns };
    for (const body of [terms, { mode: 'setup', customerId }]) {
      const id = idOf(await post('/v1/checkout-sessions', body));
      await get('/v1/checkout-sessions/{id}', id);
      await post('/v1/checkout-sessions/{id}/expire', undefined, id);
    }
    await post('/v1/checkout-sessions', { ...terms, currency: undefined });
  };

  /** Setups as they can stand, the default that is chosen, and a payment method that is detached, or not. */
  const setups = async (customerId: string): Promise<void> => {
    const processorSetupIntentId = 'seti_1';
    const facts = [
      { type: 'RecordSetupIntentCreated', processorSetupIntentId, at },
      { type: 'RecordSetupIntentAction', processorSetupIntentId, action: 'use_stripe_sdk', at },
      { type: 'RecordSetupIntentFailure', processorSetupIntentId, code: 'card_declined', at },
      { type: 'RecordSetupIntentSuccess', processorSetupIntentId, methodKind: 'card', at },
      { type: 'RecordSetupIntentFailure', code: 'resource_missing', at },
    ] as const;
    for (const fact of facts) {
      const key = { 'idempotency-key': randomUUID() };
      const id = idOf(await post('/v1/setup-intents', { customerId }, '', key));
      await api.processor.setsUp(tenant.id, id, fact, 'seti_1_secret_1');
      await post('/v1/setup-intents', { customerId }, '', key);
      await get('/v1/setup-intents/{id}', id);
    }
    const [spare, kept] = [await method(customerId), await method(customerId)];
    await post('/v1/customers/{id}/default-payment-method', { paymentMethodId: spare }, customerId);
    await post('/v1/payment-methods/{id}/detach', {}, spare);
    await api.processor.detaches(tenant.id, spare);
    await post('/v1/payment-methods/{id}/detach', { reason: 'replaced' }, spare);
    await post('/v1/customers/{id}/default-payment-method', { paymentMethodId: spare }, customerId);
    const key = { 'idempotency-key': randomUUID() };
    await post('/v1/payment-methods/{id}/detach', {}, kept, key);
    await api.processor.refusesToDetach(tenant.id, kept);
    await post('/v1/payment-methods/{id}/detach', {}, kept, key);
  };

  /** The history of a payment before and after it is sealed, the receipt of its first event, and what opens leaves. */
  const audited = async (paymentId: string): Promise<void> => {
    const changes = async () =>
      (await get('/v1/payments/{id}/history', paymentId)).json.data as { eventId: string; proof: object | null }[];
    const [first] = await changes();
    await documented('GET', '/v1/audit/events/{id}/proof', await proof(first?.eventId ?? ''));
    await (await SealedLog.of(api)).seal();
    const reply = await documented('GET', '/v1/audit/events/{id}/proof', await proof(first?.eventId ?? '', 'wait=5'));
    expect([reply.status, (await changes())[0]?.proof]).toEqual([
      200,
      { index: expect.any(Number) as number, receipt: reply.text },
    ]);
    await get('/v1/audit/openings');
  };
  const proof = (eventId: string, prefer = 'wait=0') => tenant.get(`/v1/audit/events/${eventId}/proof`, { prefer });

  /** An account that is linked, and once more; another tenant asks for it too. */
  const linked = async (): Promise<string> => {
    const body = { processorAccountId: 'acct_1' };
    const admin = async (tenantId: string) =>
      tenantAt(api.url, tenantId, await api.tokenFor({ role: 'platform_admin', tenantId, mfa: true }));
    const first = await post('/v1/connected-accounts', body, '', {}, await admin(tenant.id));
    await post('/v1/connected-accounts', body, '', {}, await admin(tenant.id));
    await post('/v1/connected-accounts', body, '', {}, await admin((await api.tenant()).id));
    await get('/v1/connected-accounts/{id}', idOf(first));
    const standing = { chargesEnabled: true, payoutsEnabled: true, detailsSubmitted: true, requirementsDue: [] };
    await api.processor.findsAccount(tenant.id, idOf(first), standing);
    return idOf(first);
  };

  it('to those who run the deployment, is what the document says', async () => {
    const tenantId = randomUUID();
    const made = await post('/v1/tenants', { name: 'Acme', id: tenantId }, '', {}, platform);
    await post('/v1/tenants', { name: 'Acme', id: tenantId }, '', {}, platform);
    await post('/v1/tenants', { name: 'Another', id: tenantId }, '', {}, platform);
    await post('/v1/tenants', { name: '' }, '', {}, platform);
    for (const act of ['suspend', 'reinstate'])
      for (const reason of ['OPS-1', 'ada@example.com'])
        await post(`/v1/tenants/{id}/${act}`, { reason }, idOf(made), {}, platform);
    await get('/v1/tenants', '', '?limit=1', platform);
    await get('/v1/tenants/{id}', tenantId, '', platform);
    expect([...seen].filter((what) => /tenants.* 20/.test(what))).toHaveLength(6);
  });

  it('to commands and queries, is what the document says', async () => {
    const customerId = await customer();
    const paymentMethodId = await method(customerId);
    const refusedKey = { 'idempotency-key': randomUUID() };
    const refused = idOf(await post('/v1/customers/{id}/payment-methods', cardToken, customerId, refusedKey));
    await api.processor.refusesMethod(tenant.id, refused);
    await post('/v1/customers/{id}/payment-methods', cardToken, customerId, refusedKey);

    const terms = { amount: 5_000, currency: 'usd', customerId, paymentMethodId, orderId: 'order-1' };
    const paid = await charged(terms);
    const held = await charged({ ...terms, captureMethod: 'manual' });
    const failed = idOf(await post('/v1/payments', terms));
    const decline = { type: 'RecordFailure', attempt: 1, code: 'card_declined', declineCode: 'lost_card', at } as const;
    await api.processor.report(tenant.id, failed, decline);
    const acted = idOf(await post('/v1/payments', terms));
    await api.processor.asksForAction(tenant.id, acted, 'pi_1_secret_1');
    await get('/v1/payments/{id}/next-action', acted);
    await get('/v1/payments/{id}/next-action', paid);
    const empty = idOf(await post('/v1/payments', { ...terms, paymentMethodId: undefined, orderId: undefined }));

    await post('/v1/payments/{id}/confirm', {}, failed);
    await post('/v1/payments/{id}/confirm', {}, empty);
    await post('/v1/payments/{id}/cancel', { reason: 'abandoned' }, empty);
    await post('/v1/payments/{id}/cancel', {}, paid);
    await post('/v1/payments/{id}/capture', { amount: 9_000 }, held);
    await post('/v1/payments/{id}/capture', { amount: 2_000 }, held);
    await post('/v1/payments/{id}/capture', {}, paid);
    const refund = idOf(await post('/v1/payments/{id}/refunds', { amount: 1_000, reason: 'duplicate' }, paid));
    const outcome = { type: 'RecordRefundOutcome', refundId: refund, amount: 1_000, at } as const;
    await api.processor.report(tenant.id, paid, { ...outcome, outcome: 'failed', code: 'lost_or_stolen_card' });
    await post('/v1/payments/{id}/refunds', { amount: 9_999 }, paid);
    const dispute = await disputed(api, tenant, paid, { amount: 1_000 });
    const inquiry = await disputed(api, tenant, paid, { status: 'inquiry' });
    const evidence = await evidenceFor(dispute, paid);
    const account = await linked();
    await pages(customerId);
    await setups(customerId);

    await api.caughtUp();
    for (const id of [paid, held, failed, acted, empty]) await get('/v1/payments/{id}', id);
    await get('/v1/refunds/{id}', refund);
    for (const id of [dispute, inquiry]) await get('/v1/disputes/{id}', id);
    expect(evidence).toBe('submitted');
    await get('/v1/customers/{id}', customerId);
    await get('/v1/connected-accounts/{id}', account);
    for (const id of [paymentMethodId, refused]) await get('/v1/payment-methods/{id}', id);
    for (const list of ['payments', 'refunds', 'disputes', 'customers', 'balances', 'events']) await get(`/v1/${list}`);
    await audited(paid);
    await get('/v1/payments', '', '?limit=1');
    await get('/v1/customers', '', '?email=ada@example.com');
    await get('/v1/customers/{id}/payment-methods', customerId);
    const statuses = operations.map(
      ({ method: verb, template }) => new RegExp(`^${verb} ${template.replace(/[{}]/g, '.')} 20`, 'i'),
    );
    for (const ofOperation of statuses)
      expect([...seen].some((what) => ofOperation.test(what)) ? '' : ofOperation).toBe('');
  });

  it('to whoever reads the published audit log, is what the document says', async () => {
    const stranger = tenantAt(api.url, tenant.id, '');
    const file = async (name: string, inPath = '', headers = {}) =>
      documented(
        'GET',
        `/v1/audit/${name}`,
        await stranger.get(`/v1/audit/${name.replace(/\{\w+\}/, inPath)}`, headers),
      );
    await (await SealedLog.of(api)).seal();
    const checkpoint = await file('checkpoint');
    const size = Number(checkpoint.text.split('\n')[1]);
    const last = `${String(Math.floor(size / 256)).padStart(3, '0')}.p/${size % 256}`;
    const found = [checkpoint, await file('vkey'), await file('keys')];
    for (const path of [`0/${last}`, `entries/${last}`]) found.push(await file('tile/{path}', path));
    expect(found.map(({ status }) => status)).toEqual(Array(5).fill(200));
    for (const path of ['0/999', 'entries/x001/000', '0%2F000', '..%2Fcheckpoint', 'x', '%FF'])
      expect([400, 404]).toContain((await file('tile/{path}', path)).status);
    for (const number of ['999', 'x']) expect((await file('keys/{number}', number)).status).toBe(404);
    const etag = checkpoint.headers.get('etag') ?? '';
    expect((await stranger.get('/v1/audit/checkpoint', { 'if-none-match': etag })).status).toBe(304);
  });

  const goodFor = (template: string): unknown => {
    if (template.startsWith('/v1/tenants')) return { reason: 'OPS-1' };
    if (template.endsWith('evidence')) return { evidence: { customerName: 'Ada' } };
    return template.endsWith('methods') ? cardToken : {};
  };

  it('to requests that it refuses, is what the document says', async () => {
    const reader = tenantAt(api.url, tenant.id, await api.tokenFor({ role: 'auditor' }));
    const stranger = tenantAt(api.url, tenant.id, '');
    for (const { method: verb, template } of operations) {
      const id = randomUUID();
      const caller = template.startsWith('/v1/tenants') ? platform : tenant;
      if (verb === 'get') {
        await get(template, id, '', reader);
        await get(template, id, '', stranger);
        await documented(
          'GET',
          template,
          await caller.get(`${template.replace('{id}', id)}?limit=0`, { 'billing-min-position': 'x' }),
        );
        if (template.includes('{id}')) await get(template, id, '', caller);
        continue;
      }
      await post(template, {}, id, {}, reader);
      await post(template, {}, id, {}, stranger);
      await post(template, '{', id, {}, caller);
      await post(template, { extra: 1 }, id, {}, caller);
      await post(template, 'x'.repeat(70_000), id, {}, caller);
      await post(template, 'x', id, { 'content-type': 'text/plain' }, caller);
      await post(template, { card: '4242424242424242' }, id, {}, caller);
      await post(template, {}, id, { 'billing-reason': 'for ada@example.com' }, caller);
      if (template.includes('{id}')) await post(template, goodFor(template), id, {}, caller);
    }
    for (const status of [400, 401, 403, 404, 413, 415, 422])
      expect([...seen].some((what) => what.endsWith(` ${status}`))).toBe(true);
  });
});
