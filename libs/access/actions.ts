import type { Scope } from './roles.js';

/** Something that a caller can ask for, over HTTP, over Kafka, or both, and what it takes. */
export interface Action {
  /** Method and path as the router knows them. */
  readonly route?: `${'GET' | 'POST' | 'DELETE'} /${string}`;
  /** `ce_type` of billing.commands.v1. */
  readonly command?: string;
  /** Any one of these will do; `public` asks for nobody's name. */
  readonly scopes: readonly [Scope, ...Scope[]] | 'public';
  /** How old the second factor behind the token may be, in seconds; absent where none is asked for. Then services have no right to it. */
  readonly stepUpSeconds?: number;
  /**
   * `own`: for the tenant that the caller acts for, by its token or by `Billing-Tenant`. `platform`: for the deployment, whichever
   * tenant the path names; only for tokens that are bound to no tenant. `link`: for the tenant of the link that the path holds, which we
   * made and which alone gives the right to it; only for what is public, and the route itself must find the link good.
   */
  readonly tenancy: 'own' | 'platform' | 'link';
  /** Whether it changes anything: a suspended tenant cannot. */
  readonly effect: 'reads' | 'writes';
  /** Whether each use is recorded before it is done. Whoever acts for a tenant that their token is not bound to is recorded anyway. */
  readonly privileged?: true;
}

const fiveMinutes = 300;

const open = (route: Action['route']) => ({ route, scopes: 'public', tenancy: 'platform', effect: 'reads' }) as const;
const linked = (route: Action['route'], effect: Action['effect']) =>
  ({ route, scopes: 'public', tenancy: 'link', effect }) as const;
const reads = (route: Action['route'], ...others: Scope[]) =>
  ({ route, scopes: ['billing:read', ...others], tenancy: 'own', effect: 'reads' }) as const;
const writes = (route: Action['route'], command?: string) =>
  ({ route, command, scopes: ['billing:write'], tenancy: 'own', effect: 'writes' }) as const;

/**
 * The one table of who may do what: role -> scope (`scopesByRole`) -> route and command. The guard of the api, the worker, the OpenAPI
 * document, docs/access.md and the attacks of the tests are made from it; a route or a command without a row stops the boot. The names
 * are words of the access log: add, never rename.
 */
export const actions = {
  'customers.create': writes('POST /v1/customers', 'CreateCustomer'),
  'customers.list': reads('GET /v1/customers'),
  'customers.get': reads('GET /v1/customers/:id'),
  'customers.set-default-payment-method': writes(
    'POST /v1/customers/:id/default-payment-method',
    'SetDefaultPaymentMethod',
  ),
  'payment-methods.attach': writes('POST /v1/customers/:id/payment-methods', 'AttachPaymentMethod'),
  'payment-methods.list': reads('GET /v1/customers/:id/payment-methods'),
  'payment-methods.get': reads('GET /v1/payment-methods/:id'),
  'payment-methods.detach': writes('POST /v1/payment-methods/:id/detach', 'DetachPaymentMethod'),
  'setup-intents.create': writes('POST /v1/setup-intents', 'CreateSetupIntent'),
  'setup-intents.get': reads('GET /v1/setup-intents/:id'),

  'payments.create': writes('POST /v1/payments', 'CreatePayment'),
  'payments.confirm': writes('POST /v1/payments/:id/confirm', 'ConfirmPayment'),
  'payments.capture': writes('POST /v1/payments/:id/capture', 'CapturePayment'),
  'payments.cancel': writes('POST /v1/payments/:id/cancel', 'CancelPayment'),
  'payments.list': reads('GET /v1/payments'),
  'payments.get': reads('GET /v1/payments/:id'),
  // What a payer's browser finishes an action with: whoever may charge may hand it on.
  'payments.next-action': {
    route: 'GET /v1/payments/:id/next-action',
    scopes: ['billing:write'],
    tenancy: 'own',
    effect: 'reads',
  },
  'payments.history': reads('GET /v1/payments/:id/history', 'billing:audit'),
  'refunds.create': {
    route: 'POST /v1/payments/:id/refunds',
    command: 'RefundPayment',
    scopes: ['billing:refund'],
    stepUpSeconds: fiveMinutes,
    tenancy: 'own',
    effect: 'writes',
    privileged: true,
  },
  'refunds.list': reads('GET /v1/refunds'),
  'refunds.get': reads('GET /v1/refunds/:id'),

  'disputes.submit-evidence': writes('POST /v1/disputes/:id/evidence', 'SubmitDisputeEvidence'),
  'disputes.list': reads('GET /v1/disputes'),
  'disputes.get': reads('GET /v1/disputes/:id'),

  'checkout-sessions.create': writes('POST /v1/checkout-sessions'),
  'checkout-sessions.get': reads('GET /v1/checkout-sessions/:id'),
  'checkout-sessions.expire': writes('POST /v1/checkout-sessions/:id/expire'),

  'balances.list': reads('GET /v1/balances'),
  'events.list': reads('GET /v1/events', 'billing:audit'),

  'audit.proof': reads('GET /v1/audit/events/:id/proof', 'billing:audit'),
  'audit.openings': reads('GET /v1/audit/openings', 'billing:audit'),

  'connected-accounts.link': {
    route: 'POST /v1/connected-accounts',
    scopes: ['billing:admin'],
    stepUpSeconds: fiveMinutes,
    tenancy: 'own',
    effect: 'writes',
    privileged: true,
  },
  'connected-accounts.get': reads('GET /v1/connected-accounts/:id'),

  'tenants.add': {
    route: 'POST /v1/tenants',
    scopes: ['billing:admin'],
    tenancy: 'platform',
    effect: 'writes',
    privileged: true,
  },
  'tenants.list': {
    route: 'GET /v1/tenants',
    scopes: ['billing:admin', 'billing:audit'],
    tenancy: 'platform',
    effect: 'reads',
    privileged: true,
  },
  'tenants.get': {
    route: 'GET /v1/tenants/:id',
    scopes: ['billing:admin', 'billing:audit'],
    tenancy: 'platform',
    effect: 'reads',
    privileged: true,
  },
  'tenants.suspend': {
    route: 'POST /v1/tenants/:id/suspend',
    scopes: ['billing:admin'],
    stepUpSeconds: fiveMinutes,
    tenancy: 'platform',
    effect: 'writes',
    privileged: true,
  },
  'tenants.reinstate': {
    route: 'POST /v1/tenants/:id/reinstate',
    scopes: ['billing:admin'],
    stepUpSeconds: fiveMinutes,
    tenancy: 'platform',
    effect: 'writes',
    privileged: true,
  },

  'checkout.page': linked('GET /checkout/:token', 'reads'),
  'checkout.status': linked('GET /checkout/:token/status', 'reads'),
  'checkout.confirm': linked('POST /checkout/:token/confirm', 'writes'),
  'checkout.action': linked('POST /checkout/:token/action', 'writes'),
  'checkout.none': open('GET /checkout'),
  'checkout.return': open('GET /checkout/return'),
  'checkout.assets': open('GET /checkout/assets/:name'),
  'checkout.csp-reports': open('POST /checkout/csp-reports'),

  // Files that tell nothing of anybody, for whoever verifies the log.
  'audit-log.checkpoint': open('GET /v1/audit/checkpoint'),
  'audit-log.tile': open('GET /v1/audit/tile/*'),
  'audit-log.vkey': open('GET /v1/audit/vkey'),
  'audit-log.keys': open('GET /v1/audit/keys'),
  'audit-log.key': open('GET /v1/audit/keys/:number'),

  'health.alive': open('GET /healthz'),
  'health.ready': open('GET /readyz'),
  'health.metrics': open('GET /metrics'),
  'development-issuer.keys': open('GET /development-issuer/.well-known/jwks.json'),
} as const satisfies Record<string, Action>;

export type ActionName = keyof typeof actions;
