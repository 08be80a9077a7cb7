import { specificationOf } from '../testing/given-when-then.js';
import type { AddTenant, ReinstateTenant, SuspendTenant, TenantEvent } from './index.js';
import { ReasonInvalid, decideTenant, evolveTenant, initialTenant, reasonForm } from './index.js';

const { given } = specificationOf({ initial: initialTenant, evolve: evolveTenant, decide: decideTenant });

const tenantId = 't1';
const at = '2026-11-01T10:00:00Z';
const later = '2026-11-02T10:00:00Z';
const reason = 'OPS-1234:chargebacks';
const add: AddTenant = { type: 'AddTenant', tenantId, at };
const suspend: SuspendTenant = { type: 'SuspendTenant', tenantId, reason, at: later };
const reinstate: ReinstateTenant = { type: 'ReinstateTenant', tenantId, reason, at: later };
const added: TenantEvent = { type: 'TenantAdded', tenantId, at };
const suspended: TenantEvent = { type: 'TenantSuspended', tenantId, reason, at: later };
const reinstated: TenantEvent = { type: 'TenantReinstated', tenantId, reason, at: later };

describe('a tenant', () => {
  it('is added once', () => {
    given([]).when(add).then([added]);
    given([added]).when(add).thenNothing();
    given([added, suspended, reinstated]).when(add).thenNothing();
  });
  it('is suspended once, until it is reinstated', () => {
    given([added]).when(suspend).then([suspended]);
    given([added, suspended]).when(suspend).thenNothing();
    given([added, suspended, reinstated]).when(suspend).then([suspended]);
  });
  it('is reinstated where it is suspended, and stays as it is where it is not', () => {
    given([added, suspended]).when(reinstate).then([reinstated]);
    given([added, suspended, reinstated]).when(reinstate).thenNothing();
    given([added]).when(reinstate).thenNothing();
  });
  it('that the migrator made can be suspended as well, and is then not added by anybody', () => {
    given([]).when(suspend).then([suspended]);
    given([suspended]).when(add).thenNothing();
    given([suspended]).when(reinstate).then([reinstated]);
  });
  it('knows since when it is suspended', () => {
    expect([added, suspended].reduce(evolveTenant, initialTenant)).toEqual({ addedAt: at, suspendedAt: later });
    expect([added, suspended, reinstated].reduce(evolveTenant, initialTenant)).toEqual({ addedAt: at });
  });
  it('is done nothing to for a reason that is no code', () => {
    given([added])
      .when({ ...suspend, reason: 'jane@example.com' })
      .thenRefuses(ReasonInvalid);
    given([added])
      .when({ ...reinstate, reason: '' })
      .thenRefuses(ReasonInvalid);
  });
});

describe('a reason', () => {
  it.each(['OPS-1', 'fraud', 'https://desk/4', 'ticket#12', 'task_7', 'a'.repeat(64)])('may be %s', (text) => {
    expect(reasonForm.test(text)).toBe(true);
  });
  it.each([
    ...['', ' OPS-1', 'jane@example.com', 'José', 'two\nlines', 'ends\n', 'a'.repeat(65), '<b>', '+1 555 0100'],
    ...['Ada Lovelace 12 Main Street', 'tel 0171 5550199', 'OPS-1: chargebacks', 'OPS-1\u00a0x'],
    ...['sk_live_51HxyzABCDEF', 'rk_test_51Hxyz', 'whsec_abcdef', 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln'],
  ])('is not %j', (text) => {
    expect(reasonForm.test(text)).toBe(false);
  });
});
