import fc from 'fast-check';

import type { Denial, Grant } from '#access';
import { originNetworkOf } from '#access';

import { deniedEvent, grantedEvent, recordableDenial } from './recordable.js';

const tenantId = '11111111-1111-4111-8111-111111111111';
const at = Date.parse('2026-11-21T10:00:00.000Z');

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 3_000 }),
  fc.constantFrom(
    'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln',
    'Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln',
    '4242 4242 4242 4242',
    "'; drop table billing.event; --",
    '../../etc/passwd',
    'whsec_abcdefghijklmnop',
    '\u0000',
    '\ud800',
  ),
);

describe('a denial', () => {
  it('keeps what we and the issuer say, and the ids', () => {
    const given: Denial = {
      tenantId,
      channel: 'http',
      action: 'payments.create',
      code: 'tenant_mismatch',
      caller: {
        kind: 'person',
        subject: 'auth0|5f7c',
        roles: ['tenant_admin'],
        actingParty: 'spiffe://example.org/shop',
      },
      origin: { network: '203.0.113.0/24', spiffeId: 'spiffe://example.org/shop', requestId: 'a1b2' },
      namedTenantId: '22222222-2222-4222-8222-222222222222',
    };
    expect(recordableDenial(given)).toEqual(given);
    expect(deniedEvent({ denial: given, count: 3, firstAt: at - 1_500, lastAt: at })).toEqual({
      type: 'AccessDenied',
      channel: 'http',
      action: 'payments.create',
      code: 'tenant_mismatch',
      caller: given.caller,
      origin: given.origin,
      namedTenantId: given.namedTenantId,
      count: 3,
      firstAt: '2026-11-21T09:59:58.500Z',
      at: '2026-11-21T10:00:00.000Z',
    });
  });

  it('holds nothing that its caller chose freely, whatever the caller sends', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const { action, code, caller, origin, namedTenantId } = recordableDenial({
          tenantId,
          channel: 'kafka',
          action: text,
          code: text,
          caller: { kind: 'service', subject: 'shop', roles: [text] },
          origin: { network: text, spiffeId: text, requestId: `${text} ` },
          namedTenantId: text,
        });
        expect([action, caller?.roles, origin, namedTenantId]).toEqual(['unknown', [], {}, undefined]);
        expect(code === 'unknown' || code === text).toBe(true);
        if (code === text) expect(text).toMatch(/^[a-z][a-z0-9_]{0,63}$/);
      }),
    );
  });

  it('bounds a subject, however it was verified, so that any log and Postgres take it', () => {
    fc.assert(
      fc.property(hostile, (subject) => {
        const { caller } = recordableDenial({
          ...{ tenantId, channel: 'http', action: 'payments.get', code: 'insufficient_scope', origin: {} },
          caller: { kind: 'person', subject, actingParty: subject },
        });
        for (const name of [caller?.subject ?? '', caller?.actingParty ?? '']) {
          expect(name.length).toBeLessThanOrEqual(200);
          expect(name).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
          expect(name).not.toContain('4242 4242');
          expect(name.isWellFormed()).toBe(true);
        }
      }),
    );
  });

  it('takes every network that an address can have', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const network = originNetworkOf(address);
        const { origin } = recordableDenial({
          ...{ tenantId, channel: 'http', action: 'payments.get', code: 'token_missing' },
          origin: { network },
        });
        expect(network).toBeDefined();
        expect(origin).toEqual({ network });
      }),
    );
  });
});

describe('a grant', () => {
  const grant: Grant = {
    tenantId,
    channel: 'http',
    action: 'refunds.create',
    caller: { kind: 'person', subject: 'auth0|5f7c', roles: ['tenant_admin'] },
    origin: { network: '2001:db8:1::/48' },
    grant: 'billing:refund',
    resource: '3f1d2c4b-9e8a-5b7c-8d6e-1a2b3c4d5e33',
    reason: 'TICKET-1042',
  };

  it('says who, what, from where and why', () => {
    const { tenantId: _, ...told } = grant;
    expect(grantedEvent(grant, at)).toEqual({
      type: 'PrivilegedAccessGranted',
      ...told,
      at: '2026-11-21T10:00:00.000Z',
    });
  });

  it('leaves out a resource that is no id and a reason that is no reason', () => {
    const event = grantedEvent({ ...grant, resource: '4242424242424242', reason: 'because\nof Ada' }, at);
    expect([event.resource, event.reason]).toEqual([undefined, undefined]);
    expect(grantedEvent({ ...grant, reason: '4242-4242-4242-4242' }, at).reason).not.toContain('4242');
  });

  it('of an action that nobody has declared is a fault of ours', () => {
    expect(() => grantedEvent({ ...grant, action: 'money.print' }, at)).toThrow('money.print');
    expect(() => grantedEvent({ ...grant, grant: '' }, at)).toThrow('scope');
  });
});
