import type { Requirement } from '../authorize.js';
import type { Principal } from '../principal.js';
import type { Scope } from '../roles.js';
import { commandCaller } from './command-caller.js';
import type { Producer } from './producer.js';

const tenantId = '11111111-1111-4111-8111-111111111111';
const appendedAt = new Date('2026-11-02T10:00:00Z');
const shop: Producer = { name: 'shop', tenants: new Set([tenantId]), scopes: new Set<Scope>(['billing:write']) };
const ada: Principal = {
  ...{ subject: 'ada', kind: 'person', tenantId, roles: ['tenant_admin'], amr: ['pwd', 'otp'] },
  ...{ scopes: new Set<Scope>(['billing:write', 'billing:refund']), authTime: appendedAt.getTime() / 1_000 - 60 },
};

const callerOf = (
  scope: Scope,
  {
    producer = shop,
    person,
    ...more
  }: { producer?: Producer; person?: Partial<Principal> } & Partial<Requirement> = {},
) =>
  commandCaller(
    { producer, tenantId, action: { scopes: [scope], ...more }, appendedAt, onBehalfOf: person && 'token' },
    { verifyAsOf: (_, at) => Promise.resolve(at === appendedAt ? { ...ada, ...person } : ada) },
  );

describe('the one behind a command', () => {
  it('is the service, with a right of its own', async () => {
    await expect(callerOf('billing:write')).resolves.toMatchObject({
      principal: { kind: 'service', subject: 'shop' },
      scope: 'billing:write',
    });
    await expect(callerOf('billing:read')).rejects.toMatchObject({ code: 'insufficient_scope' });
  });

  it('is the person whose token it forwards, judged as of when the command came', async () => {
    await expect(callerOf('billing:refund', { person: {} })).resolves.toMatchObject({
      principal: { kind: 'person', subject: 'ada' },
      scope: 'billing:refund',
    });
    const late = { authTime: appendedAt.getTime() / 1_000 - 301 };
    await expect(callerOf('billing:refund', { person: late })).rejects.toMatchObject({
      code: 'insufficient_user_authentication',
    });
  });

  it('is nobody where the token lets another service act, or names another tenant', async () => {
    await expect(callerOf('billing:refund', { person: { actingParty: 'shop' } })).resolves.toBeDefined();
    await expect(callerOf('billing:refund', { person: { actingParty: 'mall' } })).rejects.toMatchObject({
      code: 'token_for_another_service',
    });
    const withId = { ...shop, spiffeId: 'spiffe://billing.test/shop' };
    const byId = { producer: withId, person: { actingParty: 'spiffe://billing.test/shop' } };
    await expect(callerOf('billing:refund', byId)).resolves.toBeDefined();
    const elsewhere = { tenantId: '22222222-2222-4222-8222-222222222222' };
    await expect(callerOf('billing:refund', { person: elsewhere })).rejects.toMatchObject({ code: 'tenant_mismatch' });
  });

  it('is no service whose token another one forwards', async () => {
    const person: Partial<Principal> = { kind: 'service', subject: 'spiffe://billing.test/mall', tenants: 'all' };
    for (const scope of ['billing:write', 'billing:refund'] as const)
      await expect(callerOf(scope, { person })).rejects.toMatchObject({ code: 'token_for_another_service' });
  });

  it('needs a person where the action takes a second factor, whatever its scope', async () => {
    const stepUpSeconds = 60;
    await expect(callerOf('billing:write', { stepUpSeconds })).rejects.toMatchObject({ code: 'insufficient_scope' });
    await expect(callerOf('billing:write', { stepUpSeconds, person: {} })).resolves.toBeDefined();
    const late = { authTime: appendedAt.getTime() / 1_000 - 61 };
    await expect(callerOf('billing:write', { stepUpSeconds, person: late })).rejects.toMatchObject({
      code: 'insufficient_user_authentication',
    });
  });

  it('never gets from a service what takes a person, even if a registration said so', async () => {
    const producer = {
      ...shop,
      scopes: new Set<Scope>(['billing:refund', 'billing:review', 'billing:payout:trigger']),
    };
    for (const scope of producer.scopes)
      await expect(callerOf(scope, { producer })).rejects.toMatchObject({ code: 'insufficient_scope' });
  });

  it('lends a service no right that it has not: a person alone cannot write through a reader', async () => {
    const producer = { ...shop, scopes: new Set<Scope>(['billing:read']) };
    await expect(callerOf('billing:write', { producer, person: {} })).rejects.toMatchObject({
      code: 'insufficient_scope',
    });
  });

  it('speaks for its own tenants alone', async () => {
    const producer = { ...shop, tenants: new Set<string>() };
    await expect(callerOf('billing:write', { producer })).rejects.toMatchObject({ code: 'tenant_mismatch' });
    await expect(callerOf('billing:refund', { producer, person: {} })).rejects.toMatchObject({
      code: 'tenant_mismatch',
    });
    await expect(callerOf('billing:write', { producer: { ...shop, tenants: 'all' } })).resolves.toBeDefined();
  });
});
